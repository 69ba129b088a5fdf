import type { Contender } from './contender.js'

let pools = 0

/** Sessions of one length, for one contender, which stay about that long during appends. */
export class SessionPool {
  readonly history: number
  readonly #contender: Contender
  readonly #size: number
  #ids: string[] = []
  #appended = 0

  constructor(contender: Contender, history: number, size: number) {
    this.#contender = contender
    this.history = history
    this.#size = size
  }

  get ids(): readonly string[] {
    return this.#ids
  }

  grew(messages: number): void {
    this.#appended += messages
  }

  /** How many more messages all of them together may take. */
  get room(): number {
    return this.#size * (this.history * 0.25 + 10) - this.#appended
  }

  /** Makes new sessions when the present ones have grown by a quarter, or soon will have. */
  async refresh(): Promise<void> {
    if (this.#ids.length > 0 && this.#appended === 0) return
    if (this.#ids.length > 0 && this.room > this.#size * 5) return
    await this.#contender.remove(this.#ids)
    const pool = pools++
    this.#ids = Array.from({ length: this.#size }, (_, index) => `p${pool}-s${index}`)
    this.#appended = 0
    await this.#contender.prepare(this.#ids, this.history)
  }
}
