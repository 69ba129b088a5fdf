import { Lru } from './lru.js'

export interface TierOptions {
  readonly processes: number
  /** How much memory each process has for copies of sessions. */
  readonly hotBytes: number
  /** How long an entry of the shared cache lives; 0: there is none. */
  readonly warmMs: number
  /** Up to which age a read takes a copy. */
  readonly maxAgeMs: number
}

/** A read or a commit of a session by a process. */
export interface Access {
  readonly key: number
  readonly isCommit: boolean
  /** In milliseconds. */
  readonly now: number
  readonly process: number
}

export interface Balancing {
  /** The share of reads that a copy in the process answers, however old it is. */
  readonly hot: number
  /** The share of reads that a copy in the process answers that is young enough. */
  readonly hotInTime: number
  /** The share of the other reads that the shared cache answers. */
  readonly warm: number
  /** The median and the greatest age of the copies that were used, in milliseconds. */
  readonly ageMs: { readonly median: number; readonly most: number }
}

/** The copies of all processes, and the cache that they share. */
export class Tiers {
  readonly #hot: Lru[]
  readonly #warm = new Map<number, number>()
  readonly #fills: { readonly key: number; readonly at: number }[] = []
  #firstFill = 0
  readonly #counts = { reads: 0, hot: 0, inTime: 0, warm: 0 }
  readonly #ages: number[] = []
  readonly #options: TierOptions
  readonly #bytesOf: (key: number) => number

  /** @param bytesOf How much memory the copy of a session takes. */
  constructor(options: TierOptions, bytesOf: (key: number) => number) {
    this.#options = options
    this.#bytesOf = bytesOf
    this.#hot = Array.from({ length: options.processes }, () => new Lru(options.hotBytes))
  }

  access({ key, isCommit, now, process }: Access): void {
    const { maxAgeMs, warmMs } = this.#options
    const own = this.#hot[process]!
    if (isCommit) {
      // The bus tells the others. Whoever wrote goes on with the copy that it has, and has none of what it never read.
      for (const other of this.#hot) if (other !== own) other.drop(key)
      const isKnown = own.has(key)
      if (isKnown) own.put(key, this.#bytesOf(key), now)
      // The shared cache has what it left, or nothing.
      if (isKnown) this.#fillWarm(key, now)
      else this.#warm.delete(key)
      return
    }
    this.#counts.reads++
    const at = own.use(key)
    if (at !== undefined) {
      this.#counts.hot++
      if (now - at <= maxAgeMs) {
        this.#counts.inTime++
        if (this.#ages.length < 100_000) this.#ages.push(now - at)
        return
      }
    }
    const filledAt = this.#warm.get(key)
    const isWarm = filledAt !== undefined && now - filledAt <= Math.min(warmMs, maxAgeMs)
    if (isWarm) this.#counts.warm++
    else this.#fillWarm(key, now)
    // A copy grows no younger by going from hand to hand.
    own.put(key, this.#bytesOf(key), isWarm ? filledAt : now)
  }

  #fillWarm(key: number, now: number): void {
    if (this.#options.warmMs === 0) return
    this.#warm.set(key, now)
    this.#fills.push({ key, at: now })
    while (now - this.#fills[this.#firstFill]!.at > this.#options.warmMs) {
      const { key: oldest, at } = this.#fills[this.#firstFill++]!
      // It may have been filled again.
      if (this.#warm.get(oldest) === at) this.#warm.delete(oldest)
    }
    if (this.#firstFill < 100_000) return
    this.#fills.splice(0, this.#firstFill)
    this.#firstFill = 0
  }

  result(): Balancing {
    const { reads, hot, inTime, warm } = this.#counts
    const ages = this.#ages.toSorted((a, b) => a - b)
    return {
      hot: hot / reads,
      hotInTime: inTime / reads,
      warm: warm / (reads - inTime),
      ageMs: { median: ages[Math.floor(ages.length / 2)] ?? 0, most: ages.at(-1) ?? 0 },
    }
  }
}
