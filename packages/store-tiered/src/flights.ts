/** A call of the store that is under way. */
export interface Flight<T> {
  readonly topic: number
  /** When the store was asked, by `performance.now()`. */
  sentAt: number
  /** What it brings is no older than this, by `performance.now()`: a shared cache may answer instead of the store. */
  notBefore: number
  /** How many messages it brings. */
  readonly tail: number
  /** Whether the session has changed, or may have, since it was sent: what it brings may be old. */
  isOld: boolean
  answer: Promise<T>
}

/** What is under way to the store, by session: a change marks what was sent before it. */
export class Flights<T> {
  readonly #byKey = new Map<string, Set<Flight<T>>>()

  /** @param mayBeMs how old what it brings may be when it begins. */
  begin(
    key: string,
    { topic, tail, mayBeMs }: { topic: number; tail: number; mayBeMs: number },
    fly: (flight: Flight<T>) => Promise<T>,
  ): Flight<T> {
    const now = performance.now()
    const flight: Flight<T> = {
      topic,
      sentAt: now,
      notBefore: now - mayBeMs,
      tail,
      isOld: false,
      answer: undefined as never,
    }
    const others = this.#byKey.get(key)
    if (others === undefined) this.#byKey.set(key, new Set([flight]))
    else others.add(flight)
    flight.answer = fly(flight).finally(() => {
      const all = this.#byKey.get(key)
      all?.delete(flight)
      if (all?.size === 0) this.#byKey.delete(key)
    })
    return flight
  }

  /** One that brings as many messages, is no older than this moment, and was sent after the last change. */
  joinable(key: string, tail: number, since: number): Flight<T> | undefined {
    for (const flight of this.#byKey.get(key) ?? []) {
      if (!flight.isOld && flight.tail >= tail && flight.notBefore >= since) return flight
    }
    return undefined
  }

  age(key: string): void {
    for (const flight of this.#byKey.get(key) ?? []) flight.isOld = true
  }

  ageTopics(topics: ReadonlySet<number>): void {
    for (const flights of this.#byKey.values()) {
      for (const flight of flights) if (topics.has(flight.topic)) flight.isOld = true
    }
  }
}
