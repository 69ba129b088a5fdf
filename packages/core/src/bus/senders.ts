interface Sender {
  /** The number of the last text, by topic. */
  readonly numbers: Map<number, number>
  /** By `performance.now()`. */
  heardAt: number
}

/** What has come from the other processes on a bus: so a hole in it is seen. */
export class Senders {
  readonly #silenceMs: number
  readonly #known = new Map<string, Sender>()

  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs
  }

  /** Takes note of a text; false when one before it may be missing. */
  next(name: string, topic: number, number: number): boolean {
    const { numbers } = this.#heard(name)
    const before = numbers.get(topic) ?? 0
    numbers.set(topic, Math.max(before, number))
    return number === before + 1
  }

  /** Takes note that a sender has sent so many texts; false when some of them did not come. */
  has(name: string, topic: number, number: number): boolean {
    const { numbers } = this.#heard(name)
    const before = numbers.get(topic) ?? 0
    numbers.set(topic, Math.max(before, number))
    return number <= before
  }

  /** Forgets who has been silent for long, as a process does that has ended; true when there was one. */
  dropSilent(): boolean {
    const since = performance.now() - this.#silenceMs
    const silent = [...this.#known].filter(([, { heardAt }]) => heardAt < since)
    for (const [name] of silent) this.#known.delete(name)
    return silent.length > 0
  }

  /** Forgets a topic that nobody listens to any more. */
  forget(topic: number): void {
    for (const { numbers } of this.#known.values()) numbers.delete(topic)
  }

  clear(): void {
    this.#known.clear()
  }

  #heard(name: string): Sender {
    const heardAt = performance.now()
    const known = this.#known.get(name)
    if (known !== undefined) {
      known.heardAt = heardAt
      return known
    }
    const made: Sender = { numbers: new Map<number, number>(), heardAt }
    this.#known.set(name, made)
    return made
  }
}
