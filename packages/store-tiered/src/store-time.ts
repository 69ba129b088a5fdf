/** What the clock of the store shows at least: it has shown this, and time has passed since. */
export class StoreTime {
  #shown = 0
  #learnedAt = 0

  learn(shown: number): void {
    const now = performance.now()
    if (shown <= this.#shown + now - this.#learnedAt) return
    this.#shown = shown
    this.#learnedAt = now
  }

  get atLeast(): number {
    return this.#shown + performance.now() - this.#learnedAt
  }
}
