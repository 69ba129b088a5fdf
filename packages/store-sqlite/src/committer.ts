import {
  type AppendedMessage,
  checkIsMeant,
  checkRoom,
  type Committed,
  corrupt,
  messageConflict,
  notFound,
  type SessionRecord,
} from '@sessions/core/store'
import { randomBytes } from 'node:crypto'
import { type Added, changedRecord } from './changed-record.js'
import type { Commit } from './commit.js'
import type { Connection } from './connection.js'
import type { Work } from './database.js'
import { isDuplicate } from './errors.js'
import { isLive, parseFound, parseMessage, toStoredMs, toWhole } from './rows.js'
import type { Statements } from './statements.js'
import { buriedId, encodeName, encodeText } from './text.js'

/** The minute of a deadline. A sweep looks for it, and most appends leave it as it is. */
export function minuteOf(expiresAt: number | undefined): number | null {
  return expiresAt === undefined ? null : Math.floor(expiresAt / 60_000)
}

/** Commits one change, in one transaction. */
export function committing(statements: Statements, commit: Commit): Work<Committed> {
  const { ref, change, tenant, id } = commit
  return (connection, now) => {
    const [row] = connection.all(statements.find, tenant, id)
    const isThere = row !== undefined && isLive(row, now)
    if (!isThere && change.revision !== 0) throw notFound()
    if (!isThere) {
      // Nothing of the expired session stays. Its messages may take their time, so a sweep removes them.
      if (row !== undefined) connection.run(statements.bury, buriedId(), toWhole(row['skey'], 'skey', 1))
      return create(connection, statements, commit, now)
    }
    const { record, key } = parseFound(ref, row)
    checkIsMeant(record, change)
    // The system clock may have been set back before this process began; times of a session do not go back with it.
    const at = Math.max(now, record.updatedAt)
    const messages = append(connection, statements, commit, { key, lastSeq: record.lastSeq, at })
    const added = sum(
      commit,
      messages.map(({ inserted }) => inserted),
    )
    checkRoom(record, change, added)
    const changed = changedRecord(record, change, at, added)
    if (change.body !== undefined) connection.run(statements.putBody, key, encodeText(change.body))
    update(connection, statements, key, record, changed)
    return { record: changed, messages }
  }
}

function create(connection: Connection, statements: Statements, commit: Commit, now: number): Committed {
  const { ref, change, tenant, id } = commit
  const incarnation = change.incarnation ?? randomBytes(18).toString('base64url')
  const blank = { ...ref, incarnation, revision: 0, changes: 0, lastSeq: 0, trimmedSeq: 0, bytes: 0 }
  const times = { createdAt: now, updatedAt: now, activeAt: now }
  // In a new session every id is new the first time.
  const seen = new Set<string>()
  const isNew = change.messages.map(({ id }) => seen.size < seen.add(id).size)
  const added = sum(commit, isNew)
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
  const [row] = connection.all(statements.insertSession, ...values)
  const key = toWhole(row?.['skey'], 'skey', 1)
  connection.run(statements.putBody, key, encodeText(change.body ?? ''))
  const messages = append(connection, statements, commit, { key, lastSeq: 0, at: now })
  checkRoom({ lastSeq: 0, bytes: 0 }, change, added)
  return { record, messages }
}

interface Log {
  readonly key: number
  readonly lastSeq: number
  readonly at: number
}

/**
 * Puts each message at the next seq, or finds it where it is. @throws `conflict` when it is there with another payload.
 */
function append(
  connection: Connection,
  statements: Statements,
  { change, stored }: Commit,
  { key, lastSeq, at }: Log,
): AppendedMessage[] {
  let seq = lastSeq
  return stored.map((message, index): AppendedMessage => {
    const { id, payload } = change.messages[index]!
    try {
      connection.run(statements.insertMessage, key, seq + 1, at, message.id, message.payload)
    } catch (error) {
      if (!isDuplicate(error)) throw error
      const [row] = connection.all(statements.findMessage, key, message.id)
      // The id is new, so the seq is taken: by a row that no commit has made.
      if (row === undefined) throw corrupt('the log holds messages it should not', error)
      const known = parseMessage(row)
      if (known.payload !== payload) throw messageConflict(id)
      return { id, seq: known.seq, at: known.at, inserted: false }
    }
    return { id, seq: ++seq, at, inserted: true }
  })
}

/** The count and the bytes of those messages of a commit that are new. */
function sum({ stored }: Commit, isNew: readonly boolean[]): Added {
  const fresh = stored.filter((_, index) => isNew[index])
  const bytes = fresh.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0)
  return { count: fresh.length, bytes }
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
  const { lastSeq, bytes, changes, updatedAt, revision, expiresAt, activeAt } = after
  const touched = [lastSeq, bytes, changes, updatedAt, revision, expiresAt ?? null]
  const others = [
    activeAt,
    minuteOf(expiresAt),
    ...ownOf(after),
    encodeName(after.userId),
    encodeName(after.label),
    encodeName(after.title),
  ]
  const isSame =
    activeAt === before.activeAt &&
    minuteOf(expiresAt) === minuteOf(before.expiresAt) &&
    after.lifetime?.idleMs === before.lifetime?.idleMs &&
    after.lifetime?.absoluteMs === before.lifetime?.absoluteMs &&
    after.userId === before.userId &&
    after.label === before.label &&
    after.title === before.title
  if (isSame) connection.run(statements.touchSession, ...touched, key)
  else connection.run(statements.changeSession, ...touched, ...others, key)
}
