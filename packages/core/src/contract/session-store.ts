import type { StoreFinding } from './store-finding.js'
import type { OwnLifetime, SessionRecord, SessionRef } from './session-record.js'

/**
 * Where sessions are kept: an append-only log of messages and an opaque body under compare-and-set.
 *
 * Bodies and payloads are text that a store never parses. Values that go in or come out are copies, taken when the call
 * is made.
 *
 * All times come from the store's own clock. That is the clock of its server, or `processClock` where the store lives
 * in this process, because the system clock of a process may be changed. A process whose `Date` is an hour off changes
 * nothing. A session whose deadline has come is absent from every method from that very millisecond, whether or not it
 * was swept.
 *
 * The store itself checks what it is given, and rejects with `invalid` and the path: a `limit` over 1,000, a number out
 * of range, a body without the revision it replaces, a cursor that the store has not made. `checkChange` and the like
 * do that.
 *
 * Every method rejects with a `SessionError`: `unavailable` when the store cannot be reached in time, `unknown_outcome`
 * when a write went out and no answer came back (the same write again is safe), `store_full`, `corrupt` for a record
 * that cannot be read, `store_failed` otherwise.
 */
export interface SessionStore {
  /**
   * The session, and its newest `tail` messages, in one round trip; undefined when absent or past its deadline.
   *
   * A tail is bounded as a page is: it may bring fewer messages than the caller asked for, but at least one when there
   * is one. It always ends at `record.lastSeq`. Earlier messages exist when its first `seq` is greater than
   * `record.trimmedSeq + 1`; `messages` gives them.
   */
  read(ref: SessionRef, options?: ReadOptions): Promise<StoredSession | undefined>

  /**
   * Applies one change atomically, in one round trip, durable when it settles: all of it or nothing.
   *
   * Rejects with `not_found` when the session is absent, past its deadline or of another incarnation (and the change
   * is no create), then with `conflict` and the current `revision` when the body is not at `change.revision`, then
   * with `conflict` and the `messageId` when a message id is already used with another payload, then with
   * `limit_reached` or `too_large` when the log would go past `maxSeq` or `maxBytes`.
   *
   * One reading of the clock serves a whole commit. The same commit again never happens twice: appends find their ids,
   * a body finds its revision gone (`conflict`), and a create is known by its `incarnation`.
   *
   * A create makes revision 1, whatever it brings; without a `body` the body is the empty text. A create where a
   * session has expired takes its place and keeps nothing of it. Every commit moves `updatedAt`. `activeAt` moves with
   * it once a minute at most: an append right after another one leaves `activeAt` as it is.
   */
  commit(ref: SessionRef, change: SessionChange): Promise<Committed>

  /**
   * Messages by range of seq, a page at a time, in either direction. Rejects with `not_found`.
   *
   * A page ends after `limit` messages, or where the next payload would take it over `maxPageBytes`; a payload that is
   * larger than that has a page of its own. So a page may hold fewer than `limit`, and at least one when there is one.
   * `more` alone says whether the range goes on.
   */
  messages(ref: SessionRef, query: MessageQuery): Promise<MessagePage>

  /**
   * Replaces payloads of stored messages in place (redaction, key rotation); seq, id and time never change. Resolves to
   * how many of the messages were there: 0 when the session is absent. Later commits compare an id with the payload as
   * it stands now. `changes` grows; neither deadline, nor `updatedAt`, nor revision moves. Each payload is replaced as
   * a whole. All of them are replaced at one moment only when they fit one page.
   */
  amend(ref: SessionRef, amendments: readonly Amendment[], guard?: SessionGuard): Promise<number>

  /**
   * Drops messages up to and including `throughSeq` (retention); resolves to how many this call dropped: 0 when the
   * session is absent. Seq goes on where it was. `trimmedSeq` becomes `throughSeq`, but never more than `lastSeq`, and
   * never less than it was. The store forgets the ids of dropped messages, so retention must outlive retries. A trim of
   * many messages goes in steps, the oldest messages first. Messages that a failed trim had dropped stay dropped.
   */
  trim(ref: SessionRef, throughSeq: number, guard?: SessionGuard): Promise<number>

  /**
   * Removes session, messages and index entries; true if there was a session. The removal is final: no late write
   * brings the session back. Parts of a copy that `restore` keeps aside go with the session. At a place without a
   * session they go, too, unless the guard names another incarnation. A store may drop the messages of a large session
   * first, in steps, as `trim` does.
   */
  remove(ref: SessionRef, guard?: SessionGuard): Promise<boolean>

  /**
   * One keyset page of a tenant's live sessions: records only, never messages. The newest `activeAt` comes first.
   * Sessions of equal `activeAt` come in order of their ids, compared as text: `s10` comes before `s2`. A page goes on
   * where its cursor says, even when the session that the cursor was made of is gone.
   */
  list(query: SessionQuery): Promise<Page<SessionRecord>>

  /**
   * Removes up to `limit` sessions past their deadline; resolves to how many it removed. Sessions that a store had
   * dropped by itself do not count. Safe on many processes at once.
   */
  sweep(options: SweepOptions): Promise<number>

  /**
   * Stores a session as another store has it, for moves, imports and backups: its record with every count and time, its
   * body, and its messages with their seq, id and time. Nothing of it is visible before all of it is.
   *
   * A long log comes in parts, in order. The first part begins at `record.trimmedSeq + 1`, and each part but the last
   * has `more`. The store keeps the parts before the last one aside for an hour. The same part may come again: it
   * counts once. A copy with other `changes` or of another incarnation takes the place of a copy that was begun. Record
   * and body of the last part count: `bytes` may be known only then.
   *
   * Replaces a session of the same incarnation with fewer `changes`: it is an older copy. A session with as many
   * `changes` is this very copy, and stays as it is. Rejects with `conflict` for a session with more changes or of
   * another incarnation, and when the part does not go on where the part before it ended: the caller then begins again
   * with the first part. Rejects with `invalid` for an incomplete copy: a seq is left out, or messages are missing at
   * the last part.
   *
   * The deadline is a moment of this store's clock. So the clocks of two stores must agree to a second, or the caller
   * moves the deadline. A copy whose deadline has come is absent at once.
   */
  restore(ref: SessionRef, copy: SessionCopy): Promise<void>

  /**
   * What the store finds wrong with its database and its client, and with how both are set, within `timeoutMs`. It
   * changes nothing there. Rejects as other methods do. `checkStore` alone calls it: a store without it is asked for a
   * session, and no more.
   */
  check?(timeoutMs: number): Promise<readonly StoreFinding[]>
}

/** What `read` brings along. */
export interface ReadOptions {
  /** How many of the newest messages to bring along at most, any whole number from 0 (default 0). */
  tail?: number
  /**
   * How old the answer may be, in milliseconds (default 0: as it is now). Stores that keep no copies ignore it; a cache
   * in front of a store may answer by itself. A read that decides something (credentials, ownership, turns, erasure)
   * passes 0.
   */
  maxAgeMs?: number
}

/** Which session the caller means: another session may have got its id since. */
export interface SessionGuard {
  /** Only the session of this incarnation; any other counts as absent (default: the session that has the id). */
  incarnation?: string
  /**
   * Only the session with exactly so many changes; a session that was changed since counts as absent (default: any). A
   * store that does a call in several steps checks this before the first step.
   */
  changes?: number
}

/**
 * A session as another store has it, or a part of it. The result of `read` is a copy when its tail holds all messages.
 */
export interface SessionCopy {
  /** Every count and time as the other store has them. The place comes from the call of `restore`. */
  readonly record: Omit<SessionRecord, 'tenantId' | 'id'>
  /** Text that the store never reads. */
  readonly body: string
  /** In order of `seq`, next to each other. */
  readonly messages: readonly StoredMessage[]
  /** True when parts with later messages follow, and nothing may be visible yet (default false). */
  readonly more?: boolean
}

/** A session as a store has it. */
export interface StoredSession {
  /** What the store knows of it. */
  readonly record: SessionRecord
  /** As it was given. */
  readonly body: string
  /** In order of `seq`; the last one's is `record.lastSeq`. */
  readonly messages: readonly StoredMessage[]
}

/** A message as a store has it. */
export interface StoredMessage {
  /** Place in the log, given inside the write: from 1, without gaps. */
  readonly seq: number
  /** Stored once per session. */
  readonly id: string
  /** When it was stored, by the store's clock, epoch ms. */
  readonly at: number
  /** As it was given. */
  readonly payload: string
}

/** A message to be appended. */
export interface NewMessage {
  /** Unique in its session: the same again is not stored twice. */
  readonly id: string
  /** Text that the store never reads. */
  readonly payload: string
}

/** What one commit changes. Everything that it does not mention stays as it is. */
export interface SessionChange {
  /**
   * 0: creates the session, which must not exist. n: the body must be at revision n. Absent: the session must exist,
   * and the store neither compares nor changes its body.
   */
  revision?: number
  /**
   * With revision 0 the incarnation of the new session (default: the store makes one); otherwise the incarnation it
   * must have.
   */
  incarnation?: string
  /**
   * Only if the session is this user's; the session of another user counts as absent. So an append needs no read before
   * it. Not for a create.
   */
  ownedBy?: string
  /** The new body, at revision + 1; an empty text is a body, too. Needs `revision`. */
  body?: string
  /** Appended at the next seq, in order and next to each other, each id once, also within the change. */
  messages?: readonly NewMessage[]
  /**
   * New messages are appended only where `lastSeq` is at most this afterwards. A message that is there already is not
   * new.
   */
  maxSeq?: number
  /** New messages are appended only where the record's `bytes` are at most this afterwards. */
  maxBytes?: number
  /**
   * Moves the deadline to this long from now; a session is past it from that very millisecond. Neither this nor
   * `absoluteMs`: the deadline stays, unless the session has a `lifetime` of its own.
   */
  idleMs?: number
  /**
   * The deadline is never later than this long after the session was created. No store remembers it: give it each time.
   */
  absoluteMs?: number
  /**
   * The session's own lifetime from this change on, in place of the one it had; an empty object removes it. Its bounds
   * go before `idleMs` and `absoluteMs` in this and in every later commit, and move the deadline without them, too.
   */
  lifetime?: OwnLifetime
  /** The user it belongs to, for `list`; an empty string removes it. */
  userId?: string
  /** The kind of session, for `list`; an empty string removes it. */
  label?: string
  /** The title that `list` shows; an empty string removes it. */
  title?: string
}

/** What a commit has made. */
export interface Committed {
  /** As the session is now. */
  readonly record: SessionRecord
  /** One for each message of the change, in its order. */
  readonly messages: readonly AppendedMessage[]
}

/** Where a message went. */
export interface AppendedMessage {
  /** That of the message. */
  readonly id: string
  /** Its place in the log. */
  readonly seq: number
  /** When it was stored, by the store's clock. */
  readonly at: number
  /** False when the same id with the same payload was stored before: nothing changed. */
  readonly inserted: boolean
}

/** Which page of messages the caller wants. */
export interface MessageQuery {
  /** Only messages with a greater seq. */
  after?: number
  /** Only messages with a smaller seq. */
  before?: number
  /** At most this many, 1 to 1,000; the store refuses others with `invalid`. */
  limit: number
  /**
   * How old the answer may be, in milliseconds (default 0: as it is now). As with `read`: stores that keep no copies
   * ignore it.
   */
  maxAgeMs?: number
  /** `asc` (default): from the oldest of the range; `desc`: from the newest. The page is in this order. */
  order?: 'asc' | 'desc'
}

/** A page of messages. */
export interface MessagePage {
  /** In the order that was asked for. */
  readonly messages: readonly StoredMessage[]
  /**
   * True when the range, with its `after` and `before`, holds more messages in this direction. The page is then full,
   * by count or by bytes.
   */
  readonly more: boolean
}

/** The new payload of a stored message. */
export interface Amendment {
  /** The message whose payload is replaced. */
  readonly seq: number
  /** What takes the place of its text. */
  readonly payload: string
}

/** Which page of which sessions the caller wants. */
export interface SessionQuery {
  /** The tenant. */
  tenantId: string
  /** Only this user's. */
  userId?: string
  /** Only with this label. */
  label?: string
  /** At most this many, 1 to 1,000; the store refuses others with `invalid`. */
  limit: number
  /**
   * Where an earlier page ended. Opaque to callers. The store refuses a cursor that it cannot have made with `invalid`,
   * and shows nothing of another tenant, whatever a cursor says.
   */
  cursor?: string
  /**
   * Only sessions after this place in the order of `list`, whether or not the place still has a session. Unlike a
   * cursor it means the same in every store, so pages of several stores can be merged. Not together with `cursor`.
   */
  after?: ListPlace
  /** Only sessions whose `activeAt` is less than this, epoch ms. */
  activeBefore?: number
}

/** A place in the order of `list`. */
export interface ListPlace {
  /** `activeAt` of the last session before the place, epoch ms. */
  readonly activeAt: number
  /** The id of the last session before the place. */
  readonly id: string
}

/** A page of a list. */
export interface Page<T> {
  /** In the order of the list. */
  readonly items: readonly T[]
  /** Where the next page starts; absent on the last one. */
  readonly cursor?: string
}

/** How far a sweep goes. */
export interface SweepOptions {
  /** At most this many sessions are removed, 1 or more. */
  limit: number
}
