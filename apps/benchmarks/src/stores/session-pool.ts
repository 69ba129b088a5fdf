import type { Contender } from './contender.js'

let pools = 0

/** Sessions of one length, for one contender, that stay about that long however much is appended. */
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

  /** How many messages the sessions have now, on average. */
  get length(): number {
    return this.history + this.#appended / this.#size
  }

  grew(messages: number): void {
    this.#appended += messages
  }

  /** Makes the sessions anew once they have grown by a quarter. */
  async refresh(): Promise<void> {
    if (this.#ids.length > 0 && this.length <= this.history * 1.25 + 10) return
    const pool = pools++
    this.#ids = Array.from({ length: this.#size }, (_, index) => `p${pool}-s${index}`)
    this.#appended = 0
    await this.#contender.prepare(this.#ids, this.history)
  }
}
