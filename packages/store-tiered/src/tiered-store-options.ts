import type { SessionBus, SessionCache, SessionStore } from '@sessions/core/store'

/** What is kept in the memory of this process. */
export interface HotTierOptions {
  /** Bytes that sessions may take together, about; one takes at most a quarter. The least recently used go first. */
  maxBytes: number
}

/** Options of `tieredStore`. */
export interface TieredStoreOptions {
  /** How much is kept in the memory of this process. */
  hot: HotTierOptions
  /**
   * A cache that processes share, between their memory and the store, such as `redisCache` of `@sessions/store-redis`
   * (default: none). It costs two calls for each write, so it pays only where reads that may be old are many. It stays
   * the host's.
   */
  warm?: SessionCache
  /**
   * Tells other processes of changes, and this one of theirs, so that copies of what has changed are dropped at once
   * (default: none; copies are as old as their readers allow). The same one as that of `createSessions`. It stays the
   * host's.
   */
  bus?: SessionBus
  /**
   * How long after a write without an answer it may still reach the store, in milliseconds: for so long no copy of the
   * session is kept (default 10,000).
   */
  settleMs?: number
}

/** What a tiered store has done since it was made. */
export interface TieredStats {
  /** Reads and pages that memory answered. */
  readonly hits: number
  /** Those that may be old, and that memory could not answer. */
  readonly misses: number
  /** Those of them that the shared cache answered. */
  readonly warmHits: number
  /** Calls of the shared cache that failed or took too long. */
  readonly warmFailures: number
  /** Whether the shared cache has failed so often that it is left alone, but for one try a second. */
  readonly isWarmAway: boolean
  /** Reads that shared the answer to one that was under way. */
  readonly joined: number
  /** Answers of the store that were not kept, because the session had changed meanwhile. */
  readonly fenced: number
  /** Sessions that were dropped to make room. */
  readonly evicted: number
  /** How often the bus may have missed something. */
  readonly gaps: number
  /** Notices of the bus that came, those of this process included. */
  readonly noticesIn: number
  /** Notices that this store gave to the bus. */
  readonly noticesOut: number
  /** What is kept now, in bytes, about. */
  readonly bytes: number
  /** How many sessions are kept now. */
  readonly sessions: number
  /** How many milliseconds old the oldest answer from memory was. */
  readonly oldestMs: number
}

/** A store that answers from memory what may be old. */
export interface TieredStore extends SessionStore {
  /** What the tiers have answered and kept so far. */
  stats(): TieredStats
  /** Stops listening to the bus. The store and the bus stay open: they are the host's. */
  close(): Promise<void>
}
