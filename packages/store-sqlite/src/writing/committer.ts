import {
  type AppendedMessage,
  buriedId,
  checkIsMeant,
  checkRoom,
  type Committed,
  corrupt,
  encodeText,
  messageConflict,
  notFound,
  parseWhole,
  type SessionChange,
  type SessionRecord,
  toStoredMs,
} from '@sessions/core/store'
import { randomBytes } from 'node:crypto'
import { type Added, changedRecord } from './changed-record.js'
import { type Commit, type Stored, toStored } from './commit.js'
import type { Connection } from '../database/connection.js'
import { isDuplicate } from '../database/errors.js'
import type { RecentRecord } from './recent-records.js'
import { isLive, parseFound } from '../reading/rows.js'
import { maxSeq as highestSeq, type Statements } from '../statements.js'
import type { Steps } from '../database/steps.js'
import { encodeName } from '../text.js'

/** The minute of a deadline. A sweep looks for it, and most appends leave it as it is. */
export function minuteOf(expiresAt: number | undefined): number | null {
  return expiresAt === undefined ? null : Math.floor(expiresAt / 60_000)
}

/** Commits one change, in one transaction; a step takes one message. */
export function committing(
  statements: Statements,
  commit: Commit,
  recent: RecentRecord | undefined,
): Steps<Committed & Pick<RecentRecord, 'key'>> {
  const { ref, change, tenant, id } = commit
  return function* (connection, now) {
    if (recent !== undefined) {
      const committed = yield* goingOn(connection, statements, commit, now, recent)
      if (committed !== undefined) return committed
    }
    const row = connection.first(statements.find, tenant, id)
    const isThere = row !== undefined && isLive(row, now)
    if (!isThere && change.revision !== 0) throw notFound()
    if (!isThere) {
      // Nothing of the expired session stays. Its messages may take their time, so a sweep removes them.
      if (row !== undefined) connection.run(statements.bury, buriedId(), parseWhole(row['skey'], 'skey', 1))
      return yield* creating(connection, statements, commit, now)
    }
    const { record, key } = parseFound(ref, row)
    checkIsMeant(record, change)
    // The system clock may have been set back before this process began; times of a session do not go back with it.
    const at = Math.max(now, record.updatedAt)
    const stored = yield* toStored(change.messages)
    const messages = yield* appending(connection, statements, commit, stored, {
      key,
      lastSeq: record.lastSeq,
      at,
    })
    const added = sum(stored.filter((_, index) => messages[index]!.inserted))
    checkRoom(record, withinPlaces(change), added)
    const changed = changedRecord(record, change, at, added)
    if (change.body !== undefined) connection.run(statements.putBody, key, encodeText(change.body))
    update(connection, statements, key, record, changed)
    return { record: changed, messages, key }
  }
}

/** Commits to a session as this process knows it; undefined, with nothing done, when it is another one by now. */
function* goingOn(
  connection: Connection,
  statements: Statements,
  { change }: Commit,
  now: number,
  { record, key }: RecentRecord,
): Generator<void, (Committed & Pick<RecentRecord, 'key'>) | undefined> {
  if (change.revision === 0) return undefined
  const at = Math.max(now, record.updatedAt)
  const stored = yield* toStored(change.messages)
  const expected = sum(stored)
  const changed = changedRecord(record, change, at, expected)
  try {
    checkIsMeant(record, change)
    checkRoom(record, withinPlaces(change), expected)
  } catch {
    // What it is now decides.
    return undefined
  }
  if (!isSame(record, changed)) return undefined
  if (connection.change(statements.touchKnown, ...touchedOf(changed), key, record.changes, now) !== 1)
    return undefined
  const log = { key, lastSeq: record.lastSeq, at }
  const messages = yield* appending(connection, statements, { change }, stored, log)
  if (change.body !== undefined) connection.run(statements.putBody, key, encodeText(change.body))
  const added = sum(stored.filter((_, index) => messages[index]!.inserted))
  if (added.count === expected.count) return { record: changed, messages, key }
  // Some of the messages were there already.
  const corrected = changedRecord(record, change, at, added)
  connection.run(statements.touchSession, ...touchedOf(corrected), key)
  return { record: corrected, messages, key }
}

function* creating(
  connection: Connection,
  statements: Statements,
  commit: Commit,
  now: number,
): Generator<void, Committed & Pick<RecentRecord, 'key'>> {
  const { ref, change, tenant, id } = commit
  const incarnation = change.incarnation ?? randomBytes(18).toString('base64url')
  const blank = { ...ref, incarnation, revision: 0, changes: 0, lastSeq: 0, trimmedSeq: 0, bytes: 0 }
  const times = { createdAt: now, updatedAt: now, activeAt: now }
  const stored = yield* toStored(change.messages)
  // In a new session every id is new the first time.
  const seen = new Set<string>()
  const added = sum(stored.filter(({ id }) => seen.size < seen.add(id).size))
  const record = changedRecord({ ...blank, ...times }, change, now, added)
  const names = [encodeName(record.userId), encodeName(record.label), encodeName(record.title)]
  const deadline = [record.expiresAt ?? null, minuteOf(record.expiresAt)]
  const counts = [record.changes, record.revision, record.lastSeq, record.bytes]
  const values = [
    tenant,
    id,
    encodeText(incarnation),
    now,
    now,
    now,
    ...counts,
    ...deadline,
    ...ownOf(record),
    ...names,
  ]
  const row = connection.first(statements.insertSession, ...values)
  const key = parseWhole(row?.['skey'], 'skey', 1)
  connection.run(statements.putBody, key, encodeText(change.body ?? ''))
  const log = { key, lastSeq: 0, at: now }
  const messages = yield* appending(connection, statements, commit, stored, log)
  checkRoom({ lastSeq: 0, bytes: 0 }, withinPlaces(change), added)
  return { record, messages, key }
}

function withinPlaces({ maxSeq = Infinity, maxBytes }: SessionChange): Parameters<typeof checkRoom>[1] {
  return { maxSeq: Math.min(maxSeq, highestSeq), ...(maxBytes === undefined ? {} : { maxBytes }) }
}

interface Log {
  readonly key: number
  readonly lastSeq: number
  readonly at: number
}

/**
 * Puts each message at the next seq, or finds it where it is. @throws `conflict` when it is there with another payload.
 */
function* appending(
  connection: Connection,
  statements: Statements,
  { change }: Pick<Commit, 'change'>,
  stored: readonly Stored[],
  { key, lastSeq, at }: Log,
): Generator<void, AppendedMessage[]> {
  const appended: AppendedMessage[] = []
  let last = lastSeq
  for (const [index, message] of stored.entries()) {
    const { id } = change.messages[index]!
    const isNew = insert(connection, statements, message, { key, lastSeq: last, at })
    yield
    if (isNew) appended.push({ id, seq: ++last, at, inserted: true })
    else appended.push({ id, ...find(connection, statements, key, id, message), inserted: false })
  }
  return appended
}

/** False when the log has the id, or the seq, already. */
function insert(
  connection: Connection,
  { insertMessage }: Statements,
  message: Stored,
  { key, lastSeq, at }: Log,
): boolean {
  try {
    connection.run(insertMessage, key, lastSeq + 1, key, at, message.id, message.payload)
    return true
  } catch (error) {
    if (isDuplicate(error)) return false
    throw error
  }
}

function find(
  connection: Connection,
  { findMessage }: Statements,
  key: number,
  id: string,
  message: Stored,
): { seq: number; at: number } {
  const row = connection.first(findMessage, message.payload, key, message.id)
  // The id is new, so the seq is taken: by a row that no commit has made.
  if (row === undefined) throw corrupt('the log holds messages it should not')
  if (parseWhole(row['is_same'], 'payload') === 0) throw messageConflict(id)
  return { seq: parseWhole(row['seq'], 'seq', 1), at: parseWhole(row['at'], 'at') }
}

/** How many the new messages of a commit are, and how many bytes they take. */
function sum(fresh: readonly Stored[]): Added {
  return { count: fresh.length, bytes: fresh.reduce((sum, { bytes }) => sum + bytes, 0) }
}

/** The columns of a session's own lifetime. */
export function ownOf({ lifetime }: Pick<SessionRecord, 'lifetime'>): (number | null)[] {
  return [toStoredMs(lifetime?.idleMs), toStoredMs(lifetime?.absoluteMs)]
}

/**
 * Stores the changes of a record. An update that names an indexed column writes the index even if the value stays the
 * same.
 */
function update(
  connection: Connection,
  statements: Statements,
  key: number,
  before: SessionRecord,
  after: SessionRecord,
): void {
  const touched = touchedOf(after)
  if (isSame(before, after)) return connection.run(statements.touchSession, ...touched, key)
  const others = [
    after.activeAt,
    minuteOf(after.expiresAt),
    ...ownOf(after),
    encodeName(after.userId),
    encodeName(after.label),
    encodeName(after.title),
  ]
  connection.run(statements.changeSession, ...touched, ...others, key)
}

function touchedOf({
  lastSeq,
  bytes,
  changes,
  updatedAt,
  revision,
  expiresAt,
}: SessionRecord): (number | null)[] {
  return [lastSeq, bytes, changes, updatedAt, revision, expiresAt ?? null]
}

/** Whether only columns differ that no index has, and that change with most commits. */
function isSame(before: SessionRecord, after: SessionRecord): boolean {
  return (
    after.activeAt === before.activeAt &&
    minuteOf(after.expiresAt) === minuteOf(before.expiresAt) &&
    after.lifetime?.idleMs === before.lifetime?.idleMs &&
    after.lifetime?.absoluteMs === before.lifetime?.absoluteMs &&
    after.userId === before.userId &&
    after.label === before.label &&
    after.title === before.title
  )
}
