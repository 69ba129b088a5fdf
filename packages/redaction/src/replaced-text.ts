const partsAtOnce = 1000

/** A text with some of its places replaced, one after the other. */
export class ReplacedText {
  readonly #text: string
  #replaced = ''
  // A string that grows by small parts is a tree of them, which takes long to be read and to be forgotten.
  readonly #parts: string[] = []
  #after = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Puts something in the place of a part behind those before. */
  put(start: number, end: number, instead: string): void {
    this.#parts.push(this.#text.slice(this.#after, start), instead)
    this.#after = end
    if (this.#parts.length >= partsAtOnce) this.#join()
  }

  end(): string {
    this.#join()
    return this.#replaced + this.#text.slice(this.#after)
  }

  #join(): void {
    this.#replaced += this.#parts.join('')
    this.#parts.length = 0
  }
}
