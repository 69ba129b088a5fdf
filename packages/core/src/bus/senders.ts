interface Sender {
  /** The number of the last text, by topic. */
  readonly numbers: Map<number, number>
  /** When it was heard of, or its silence was told, by `performance.now()`. */
  since: number
  /** How often its silence was told, since it was heard of. */
  silences: number
}

// One that goes on is heard of by then, although many texts get lost.
const soonSilences = 4
// Later ones cost all who watch a read, and are told that much more seldom.
const laterTimes = 4
// A process that has ended is silent for ever. One whose way to send is away goes on storing: this is for five minutes.
const mostSilences = 38

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

  /**
   * Whether anybody has been silent for long, who may have sent what did not come: again after as long, until it has to be
   * taken for a process that has ended.
   */
  anySilent(): boolean {
    const now = performance.now()
    const silent = [...this.#known].filter(([, { since, silences }]) => {
      return now - since >= this.#silenceMs * (silences < soonSilences ? 1 : laterTimes)
    })
    for (const [name, sender] of silent) {
      sender.since = now
      sender.silences++
      if (sender.silences === mostSilences) this.#known.delete(name)
    }
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
    const since = performance.now()
    const sender = this.#known.get(name) ?? { numbers: new Map<number, number>(), since, silences: 0 }
    sender.since = since
    sender.silences = 0
    this.#known.set(name, sender)
    return sender
  }
}
