/** What a turn has used, or may use. */
export interface Spent {
  readonly tokens: number
  readonly costMicros: number
}

/** What a turn has put aside of a budget. */
export interface Reserved extends Spent {
  /** When the turn began, or was last found alive, by the writes of the record: about then, or before (absent: long ago). */
  readonly at?: number
  /** Until when it counts as alive, where its session is kept nowhere: no other process sees whether the turn is. */
  readonly until?: number
}

/**
 * What the turns of a ledger have put aside, by their ids. The ledger of a busy tenant names thousands, and each change
 * adds or takes one, so the sum is kept, and those that were seen alive longest ago come first.
 */
export class Reservations {
  readonly #byTurn = new Map<string, Reserved>()
  #tokens = 0
  #costMicros = 0

  /** @param stored As a record has them. Those that are working already are taken over as they are. */
  static of(stored: Readonly<Record<string, Reserved>> | Reservations): Reservations {
    if (stored instanceof Reservations) return stored
    const made = new Reservations()
    const all = Object.entries(stored).map(([id, one]) => ({ id, one, at: atOf(one) }))
    for (const { id, one } of all.toSorted((a, b) => a.at - b.at)) made.put(id, one)
    return made
  }

  /** All of them together. */
  get sum(): Spent {
    return { tokens: this.#tokens, costMicros: this.#costMicros }
  }

  get ids(): readonly string[] {
    return [...this.#byTurn.keys()]
  }

  has(id: string): boolean {
    return this.#byTurn.has(id)
  }

  get(id: string): Reserved | undefined {
    return this.#byTurn.get(id)
  }

  /** Puts one last: it was seen alive just now. */
  put(id: string, one: Reserved): void {
    this.take(id)
    this.#byTurn.set(id, one)
    this.#tokens += one.tokens
    this.#costMicros += one.costMicros
  }

  take(id: string): void {
    const one = this.#byTurn.get(id)
    if (one === undefined) return
    this.#byTurn.delete(id)
    this.#tokens -= one.tokens
    this.#costMicros -= one.costMicros
  }

  /** The first `most` that were last seen alive at that moment or before. */
  seenBefore(at: number, most: number): readonly string[] {
    const found: string[] = []
    for (const [id, one] of this.#byTurn) {
      if (found.length === most || atOf(one) > at) break
      found.push(id)
    }
    return found
  }

  /** As a record has them. */
  toJSON(): Record<string, Reserved> {
    return Object.fromEntries(this.#byTurn)
  }
}

function atOf({ at = 0 }: Reserved): number {
  return at
}
