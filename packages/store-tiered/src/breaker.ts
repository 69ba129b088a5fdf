const most = 5
const withinMs = 10_000
const pauseMs = 1000

/** Keeps calls from something that does not answer, but for one try in a while. */
export class Breaker {
  #failures: number[] = []
  /** When the next try may go, by `performance.now()`; undefined while all may. */
  #nextTry: number | undefined

  get isOpen(): boolean {
    return this.#nextTry !== undefined
  }

  /** Whether a call may go now. Its outcome is to be told. */
  admits(): boolean {
    if (this.#nextTry === undefined) return true
    const now = performance.now()
    if (now < this.#nextTry) return false
    // Others wait for the outcome of this one.
    this.#nextTry = now + pauseMs * (0.75 + Math.random() / 2)
    return true
  }

  succeeded(): void {
    this.#failures = []
    this.#nextTry = undefined
  }

  failed(): void {
    const now = performance.now()
    this.#failures = [...this.#failures.filter((at) => at > now - withinMs), now].slice(-most)
    if (this.#failures.length < most || this.#nextTry !== undefined) return
    this.#nextTry = now + pauseMs * (0.75 + Math.random() / 2)
  }
}
