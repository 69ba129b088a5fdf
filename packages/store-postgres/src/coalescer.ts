/** The outcome of one item of a batch; undefined when the item is to be tried alone. */
export type Outcome<Result> = { value: Result } | { error: unknown } | undefined

/** Some items that can be served by one statement. */
export interface Batch<Item> {
  /** Takes the item in, or leaves it to a later batch. */
  accepts(item: Item): boolean
}

export interface CoalescerOptions<Item, Result> {
  createBatch: () => Batch<Item>
  /** At most one statement is under way for items with the same key, and those items go in order. Compared by `===`. */
  keyOf: (item: Item) => unknown
  one: (item: Item) => Promise<Result>
  /** Gives one outcome for each item. When it rejects, every item gets the error. */
  batch: (items: readonly Item[]) => Promise<Outcome<Result>[]>
}

interface Entry<Item, Result> {
  item: Item
  key: unknown
  resolve: (result: Result | PromiseLike<Result>) => void
  reject: (error: unknown) => void
}

// Two statements keep the database busy while one is being read. With more statements, each has fewer items.
const maxUnderWay = 2

// Taken at import: a test of the application may replace it by a clock that stands still.
const afterThisTurn = setImmediate

/**
 * Puts items that come at the same time into one statement. An item that comes alone is served at once and alone. Items
 * that come while statements are under way go together into the next one.
 */
export class Coalescer<Item, Result> {
  readonly #options: CoalescerOptions<Item, Result>
  #waiting: Entry<Item, Result>[] = []
  #underWay = 0
  readonly #busy = new Set<unknown>()
  #scheduled = false
  #crowded = false

  constructor(options: CoalescerOptions<Item, Result>) {
    this.#options = options
  }

  add(item: Item): Promise<Result> {
    // No other item is here, and none was a moment ago: there is nothing to wait for.
    const idle = this.#underWay === 0 && this.#waiting.length === 0 && !this.#crowded
    if (idle) return this.#atOnce(item)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, key: this.#options.keyOf(item), resolve, reject })
      this.#schedule()
    })
  }

  async #atOnce(item: Item): Promise<Result> {
    const key = this.#options.keyOf(item)
    this.#busy.add(key)
    this.#underWay++
    try {
      return await this.#options.one(item)
    } finally {
      this.#ended([key])
    }
  }

  #ended(keys: readonly unknown[]): void {
    this.#underWay--
    for (const key of keys) this.#busy.delete(key)
    this.#crowded = this.#waiting.length > 1
    this.#schedule()
  }

  // The batch waits until all callers of this turn of the event loop have asked.
  #schedule(): void {
    if (this.#scheduled || this.#underWay >= maxUnderWay || this.#waiting.length === 0) return
    this.#scheduled = true
    afterThisTurn(() => {
      this.#scheduled = false
      while (this.#underWay < maxUnderWay) {
        let batch: Entry<Item, Result>[]
        try {
          batch = this.#take()
        } catch (error) {
          // No caller hears an error from here, so it goes to the items: an item that is left would wait for ever.
          for (const { reject } of this.#waiting.splice(0)) reject(error)
          return
        }
        if (batch.length === 0) return
        void this.#serve(batch)
      }
    })
  }

  #take(): Entry<Item, Result>[] {
    const batch = this.#options.createBatch()
    const taken: Entry<Item, Result>[] = []
    const left: Entry<Item, Result>[] = []
    const passedOver = new Set<unknown>()
    for (const entry of this.#waiting) {
      const { key, item } = entry
      const mayGo = !this.#busy.has(key) && !passedOver.has(key)
      if (mayGo && batch.accepts(item)) {
        taken.push(entry)
        continue
      }
      passedOver.add(key)
      left.push(entry)
    }
    this.#waiting = left
    return taken
  }

  async #serve(entries: readonly Entry<Item, Result>[]): Promise<void> {
    const keys = entries.map(({ key }) => key)
    for (const key of keys) this.#busy.add(key)
    this.#underWay++
    try {
      const outcomes = entries.length === 1 ? [] : await this.#options.batch(entries.map(({ item }) => item))
      await this.#settle(entries, outcomes)
    } catch (error) {
      // Items that were settled before stay settled.
      for (const { reject } of entries) reject(error)
    } finally {
      this.#ended(keys)
      this.#crowded ||= entries.length > 1
    }
  }

  /** Serves the items that are to be tried alone; items with the same key go one after the other. */
  async #settle(
    entries: readonly Entry<Item, Result>[],
    outcomes: readonly Outcome<Result>[],
  ): Promise<void> {
    const queues = new Map<unknown, Entry<Item, Result>[]>()
    entries.forEach((entry, index) => {
      const outcome = outcomes[index]
      if (outcome === undefined) {
        queues.set(entry.key, [...(queues.get(entry.key) ?? []), entry])
      } else if ('error' in outcome) entry.reject(outcome.error)
      else entry.resolve(outcome.value)
    })
    await Promise.all([...queues.values()].map((queue) => this.#oneByOne(queue)))
  }

  async #oneByOne(entries: readonly Entry<Item, Result>[]): Promise<void> {
    for (const { item, resolve, reject } of entries) {
      await this.#options.one(item).then(resolve, reject)
    }
  }
}
