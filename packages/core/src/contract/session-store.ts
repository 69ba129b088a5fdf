import type { SessionRecord, SessionRef } from './session-record.js'

/**
 * Where sessions are kept: an append-only log of messages and an opaque body under compare-and-set.
 *
 * Bodies and payloads are text that a store never parses. What is handed in or out is a copy. The store's own clock
 * decides deadlines. Every method rejects with a `SessionError`: `unavailable` when the store cannot be reached in
 * time, `unknown_outcome` when a write went out and no answer came back (the same write again is safe),
 * `store_full`, `corrupt` for a record that cannot be read, `store_failed` otherwise.
 */
export interface SessionStore {
  /** The session, and its newest `tail` messages, in one round trip; undefined when absent or past its deadline. */
  read(ref: SessionRef, options?: ReadOptions): Promise<StoredSession | undefined>

  /**
   * Applies one change atomically, in one round trip, durable when it settles: all of it or nothing.
   *
   * Rejects with `not_found` when the session is absent, past its deadline or of another incarnation (and the change
   * is no create), then with `conflict` and the current `revision` when the body is not at `change.revision`, then
   * with `conflict` and the `messageId` when a message id is already used with another payload.
   *
   * One reading of the clock serves a whole commit. The same commit again never happens twice: appends find their
   * ids, a body finds its revision gone (`conflict`), and a create is known by its `incarnation`.
   */
  commit(ref: SessionRef, change: SessionChange): Promise<Committed>

  /** Messages by range of seq, a page at a time, in either direction. Rejects with `not_found`. */
  messages(ref: SessionRef, query: MessageQuery): Promise<MessagePage>

  /**
   * Replaces payloads of stored messages in place (redaction, key rotation); seq, id and time never change.
   * Resolves to how many were there to replace. An id is compared with the payload as it stands now.
   */
  amend(ref: SessionRef, amendments: readonly Amendment[], guard?: SessionGuard): Promise<number>

  /**
   * Drops messages up to and including `throughSeq` (retention); resolves to how many. Seq goes on where it was. The
   * ids of what was dropped are forgotten, so retention must outlive retries.
   */
  trim(ref: SessionRef, throughSeq: number, guard?: SessionGuard): Promise<number>

  /** Removes session, messages and index entries; true if there was one. Final: no late write brings it back. */
  remove(ref: SessionRef, guard?: SessionGuard): Promise<boolean>

  /** One keyset page of a tenant's live sessions, `activeAt` newest first, then by id; records only, never messages. */
  list(query: SessionQuery): Promise<Page<SessionRecord>>

  /**
   * Removes up to `limit` sessions past their deadline; resolves to how many, not counting what a store had dropped by
   * itself. Safe on many processes at once.
   */
  sweep(options: SweepOptions): Promise<number>
}

export interface ReadOptions {
  /** How many of the newest messages to bring along (default 0). */
  tail?: number
}

/** Which session is meant, where an id may have been given to another one since. */
export interface SessionGuard {
  /** Only the session of this incarnation; any other counts as absent (default: whichever has the id). */
  incarnation?: string
}

export interface StoredSession {
  readonly record: SessionRecord
  readonly body: string
  /** In order of `seq`. */
  readonly messages: readonly StoredMessage[]
}

export interface StoredMessage {
  /** Place in the log: dense, from 1, given inside the write. */
  readonly seq: number
  /** Stored once per session. */
  readonly id: string
  /** When it was stored, by the store's clock, epoch ms. */
  readonly at: number
  readonly payload: string
}

export interface NewMessage {
  readonly id: string
  readonly payload: string
}

export interface SessionChange {
  /**
   * 0: must not exist; creates. n: the body must be at revision n. Absent: the session must exist, and its body is
   * neither looked at nor changed.
   */
  revision?: number
  /** With revision 0 the new session's incarnation (default: the store makes one); otherwise the one it must have. */
  incarnation?: string
  /** The new body, at revision + 1. Needs `revision`. */
  body?: string
  /** Appended at the next seq, in order, each id once. */
  messages?: readonly NewMessage[]
  /**
   * Moves the deadline to this long from now; a session is past it from that very millisecond. Neither this nor
   * `absoluteMs`: the deadline stays.
   */
  idleMs?: number
  /** The deadline is never later than this long after the session was created. Not remembered: give it each time. */
  absoluteMs?: number
  /** Whose it is, for `list`; an empty string removes it. */
  userId?: string
  /** What kind it is, for `list`; an empty string removes it. */
  label?: string
  /** What `list` shows of it; an empty string removes it. */
  title?: string
}

export interface Committed {
  readonly record: SessionRecord
  /** One for each message of the change, in its order. */
  readonly messages: readonly AppendedMessage[]
}

export interface AppendedMessage {
  readonly id: string
  readonly seq: number
  readonly at: number
  /** False when the same id with the same payload was stored before: nothing changed. */
  readonly inserted: boolean
}

export interface MessageQuery {
  /** Only messages with a greater seq. */
  after?: number
  /** Only messages with a smaller seq. */
  before?: number
  /** At most this many, 1 to 1,000. */
  limit: number
  /** `asc` (default): from the oldest of the range; `desc`: from the newest. The page is in this order. */
  order?: 'asc' | 'desc'
}

export interface MessagePage {
  readonly messages: readonly StoredMessage[]
  /** True when the range holds more in this direction. */
  readonly more: boolean
}

export interface Amendment {
  readonly seq: number
  readonly payload: string
}

export interface SessionQuery {
  tenantId: string
  /** Only this user's. */
  userId?: string
  /** Only with this label. */
  label?: string
  /** At most this many, 1 to 1,000. */
  limit: number
  /** Where an earlier page ended. Opaque; rejected with `invalid` when it is not one of the store's. */
  cursor?: string
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Where the next page starts; absent on the last one. */
  readonly cursor?: string
}

export interface SweepOptions {
  limit: number
}
