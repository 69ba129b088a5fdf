/** Whether a process hears anything: at least itself, for it says something each second. */
export class Hearing {
  readonly #silenceMs: number
  /** When it has last heard something, by `performance.now()`; undefined before it listens. */
  #heardAt: number | undefined
  /** When it was found to hear nothing, and each time when a new connection was wanted for it. */
  #deafSince: number | undefined

  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs
  }

  get isDeaf(): boolean {
    return this.#deafSince !== undefined
  }

  /** It listens from now on. */
  begin(): void {
    this.#heardAt = performance.now()
    this.#deafSince = undefined
  }

  /** Something has come: false when nothing had come for long, and much may be missing. */
  hear(): boolean {
    const heard = !this.isDeaf
    this.begin()
    return heard
  }

  /**
   * What to make of the silence: `fell` when it has just become too long, and `lasts` when it goes on for as long
   * again. A process that was held up has read by then what came meanwhile.
   */
  look(): 'fell' | 'lasts' | undefined {
    const now = performance.now()
    if (this.#heardAt === undefined || now - this.#heardAt < this.#silenceMs) return undefined
    if (this.#deafSince !== undefined && now - this.#deafSince < this.#silenceMs) return undefined
    const before = this.#deafSince
    this.#deafSince = now
    return before === undefined ? 'fell' : 'lasts'
  }
}
