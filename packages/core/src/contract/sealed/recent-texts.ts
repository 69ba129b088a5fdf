const maxCount = 2000
const maxLength = 1000

/** What was made of texts lately: at most 2,000 texts that are no longer than 1,000 characters. */
export class RecentTexts {
  readonly #made = new Map<string, string>()

  /** What `make` makes of a text; nothing is kept where it makes nothing. */
  of<Made extends string | undefined>(text: string, make: () => Made): Made {
    const known = this.#made.get(text)
    if (known !== undefined) return known as Made
    const made = make()
    if (made === undefined || text.length > maxLength || made.length > maxLength) return made
    if (this.#made.size >= maxCount) this.#made.clear()
    this.#made.set(text, made)
    return made
  }
}
