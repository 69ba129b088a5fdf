import type { SessionBus, SessionStore } from '@sessions/core/store'

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
  /** Those that may be old, and that the store had to answer. */
  readonly misses: number
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
  stats(): TieredStats
  /** Stops listening to the bus. The store and the bus stay open: they are the host's. */
  close(): Promise<void>
}
