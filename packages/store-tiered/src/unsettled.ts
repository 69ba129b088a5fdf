/** Sessions that a write may still reach whose outcome nobody knows. */
export class Unsettled {
  readonly #settleMs: number
  readonly #most: number
  /** When each counts as settled, by `performance.now()`, the earliest first. */
  readonly #until = new Map<string, number>()
  #allUntil = 0

  constructor(settleMs: number, most: number) {
    this.#settleMs = settleMs
    this.#most = most
  }

  add(key: string): void {
    const now = performance.now()
    for (const [other, until] of this.#until) {
      if (until > now) break
      this.#until.delete(other)
    }
    const until = now + this.#settleMs
    this.#until.delete(key)
    // Of too many, all sessions count as such.
    if (this.#until.size >= this.#most) this.#allUntil = until
    else this.#until.set(key, until)
  }

  has(key: string): boolean {
    const now = performance.now()
    return now < this.#allUntil || now < (this.#until.get(key) ?? 0)
  }
}
