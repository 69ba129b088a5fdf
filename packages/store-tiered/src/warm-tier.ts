import type { SessionCache, SessionRef, StoredSession } from '@sessions/core/store'
import { Breaker } from './breaker.js'
import type { Entry } from './entry.js'
import { Floors } from './floors.js'

const mostFloors = 10_000

/** What the shared cache has of a session, and what allows to keep it there. */
export interface WarmFinding {
  readonly entry?: Entry
  readonly permit?: string
}

/** A cache that processes share. It may be away: then everything is as without it. */
export class WarmTier {
  readonly floors: Floors
  readonly #cache: SessionCache
  readonly #breaker = new Breaker()
  readonly #pending = new Set<Promise<unknown>>()
  failures = 0

  constructor(cache: SessionCache, settleMs: number) {
    this.#cache = cache
    this.floors = new Floors(cache.ttlMs + settleMs, mostFloors)
  }

  get isAway(): boolean {
    return this.#breaker.isOpen
  }

  async find(ref: SessionRef): Promise<WarmFinding> {
    const sentAt = performance.now()
    const { copy, permit } = (await this.#try(() => this.#cache.find(ref))) ?? {}
    return {
      ...(permit === undefined ? {} : { permit }),
      // It was that old when the cache answered, which was later than it was asked.
      ...(copy === undefined ? {} : { entry: { ...copy.stored, checkedAt: sentAt - copy.ageMs } }),
    }
  }

  /** The permit of a write; undefined while the cache is away. */
  begin(ref: SessionRef): Promise<string | undefined> {
    return this.#try(() => this.#cache.begin(ref))
  }

  keep(ref: SessionRef, permit: string, stored: StoredSession): void {
    this.#later(() => this.#cache.keep(ref, permit, stored))
  }

  end(ref: SessionRef, permit: string, stored?: StoredSession): void {
    this.#later(() => this.#cache.end(ref, permit, stored))
  }

  /** Settles once nothing is under way to the cache. */
  async idle(): Promise<void> {
    await Promise.all(this.#pending)
  }

  // Nobody waits for it: a copy that is not kept costs time alone.
  #later(call: () => Promise<void>): void {
    const done = this.#try(call).finally(() => this.#pending.delete(done))
    this.#pending.add(done)
  }

  async #try<T>(call: () => Promise<T>): Promise<T | undefined> {
    if (!this.#breaker.admits()) return undefined
    try {
      const result = await call()
      this.#breaker.succeeded()
      return result
    } catch {
      this.failures++
      this.#breaker.failed()
      return undefined
    }
  }
}
