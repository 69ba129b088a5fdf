import type { SessionRef } from './session-record.js'
import type { StoredSession } from './session-store.js'

/**
 * A cache that processes share, for `tieredStore`. It may lose anything at any time, and it decides nothing. Each of its
 * calls settles soon, or rejects with `unavailable`.
 *
 * What keeps old copies out of it are permits. A write says `begin` before it is sent and `end` after it: from the first
 * to the second there is no copy, and nobody may keep one. Who reads a session from the store may keep it by the permit
 * that `find` gave before, unless a write began since.
 */
export interface SessionCache {
  /** How long it keeps a copy, in milliseconds: none is older. */
  readonly ttlMs: number
  /** What it has of a session. */
  find(ref: SessionRef): Promise<CacheFinding>
  /** Keeps what was read from the store after `find` gave this permit. */
  keep(ref: SessionRef, permit: string, stored: StoredSession): Promise<void>
  /** Drops the copy before a write, and gives the permit of the write. */
  begin(ref: SessionRef): Promise<string>
  /** Ends a write; keeps the session as the write left it when no other write came near. */
  end(ref: SessionRef, permit: string, stored?: StoredSession): Promise<void>
}

/** What a cache has of a session. */
export interface CacheFinding {
  /** The copy, and how many milliseconds ago the store was asked for it, at most, by the clock of the cache. */
  readonly copy?: { readonly stored: StoredSession; readonly ageMs: number }
  /** For who goes on to read the store, such as when the copy is too old; absent while a write is under way. */
  readonly permit?: string
}
