import {
  type AppendedMessage,
  checkIsMeant,
  type Committed,
  corrupt,
  messageConflict,
  notFound,
  type SessionRecord,
} from '@sessions/core/store'
import { randomBytes } from 'node:crypto'
import type { Commit } from './commit.js'
import type { Connection } from './connection.js'
import type { Work } from './database.js'
import { isDuplicate } from './errors.js'
import { isLive, parseFound, parseMessage, toWhole } from './rows.js'
import type { Statements } from './statements.js'
import { buriedId, encodeName, encodeText } from './text.js'

// What `list` orders by is indexed, and most appends must not touch that index: it moves once a minute.
const activityStepMs = 60_000

/** The minute of a deadline: what a sweep looks for, and what most appends leave as it is. */
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
      // Nothing of the one before stays. Its messages may take their time, so a sweep removes them.
      if (row !== undefined) connection.run(statements.bury, buriedId(), toWhole(row['skey'], 'skey', 1))
      return create(connection, statements, commit, now)
    }
    const { record, key } = parseFound(ref, row)
    checkIsMeant(record, change)
    // The system clock may have been set back before this process began; times of a session do not go back with it.
    const at = Math.max(now, record.updatedAt)
    const messages = append(connection, statements, commit, { key, lastSeq: record.lastSeq, at })
    const changed = changedRecord(record, commit, at, messages.filter(({ inserted }) => inserted).length)
    if (change.body !== undefined) connection.run(statements.putBody, key, encodeText(change.body))
    update(connection, statements, key, record, changed)
    return { record: changed, messages }
  }
}

function create(connection: Connection, statements: Statements, commit: Commit, now: number): Committed {
  const { ref, change, tenant, id } = commit
  const incarnation = change.incarnation ?? randomBytes(18).toString('base64url')
  const blank = { ...ref, incarnation, revision: 0, changes: 0, lastSeq: 0, trimmedSeq: 0 }
  const times = { createdAt: now, updatedAt: now, activeAt: now }
  const count = new Set(change.messages.map(({ id }) => id)).size
  const record = changedRecord({ ...blank, ...times }, commit, now, count)
  const names = [encodeName(record.userId), encodeName(record.label), encodeName(record.title)]
  const deadline = [record.expiresAt ?? null, minuteOf(record.expiresAt)]
  const counts = [record.changes, record.revision, record.lastSeq]
  const values = [tenant, id, encodeText(incarnation), now, now, now, ...counts, ...deadline, ...names]
  const [row] = connection.all(statements.insertSession, ...values)
  const key = toWhole(row?.['skey'], 'skey', 1)
  connection.run(statements.putBody, key, encodeText(change.body ?? ''))
  return { record, messages: append(connection, statements, commit, { key, lastSeq: 0, at: now }) }
}

interface Log {
  readonly key: number
  readonly lastSeq: number
  readonly at: number
}

/** Each message at the next seq, or where it is already. @throws `conflict` when it is there with another payload. */
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
      // The id is new, so it is the place that is taken: by a row that nobody's commit has made.
      if (row === undefined) throw corrupt('the log holds messages it should not', error)
      const known = parseMessage(row)
      if (known.payload !== payload) throw messageConflict(id)
      return { id, seq: known.seq, at: known.at, inserted: false }
    }
    return { id, seq: ++seq, at, inserted: true }
  })
}

function changedRecord(
  record: SessionRecord,
  { change }: Commit,
  now: number,
  appended: number,
): SessionRecord {
  const { idleMs = Infinity, absoluteMs = Infinity } = change
  const { expiresAt, userId, label, title, ...rest } = record
  const deadline =
    idleMs === Infinity && absoluteMs === Infinity
      ? expiresAt
      : Math.min(now + idleMs, record.createdAt + absoluteMs)
  const names = {
    userId: renamed(userId, change.userId),
    label: renamed(label, change.label),
    title: renamed(title, change.title),
  }
  return {
    ...rest,
    revision: change.body !== undefined || record.revision === 0 ? record.revision + 1 : record.revision,
    changes: record.changes + 1,
    lastSeq: record.lastSeq + appended,
    updatedAt: now,
    activeAt: now - record.activeAt >= activityStepMs ? now : record.activeAt,
    ...(deadline === undefined ? undefined : { expiresAt: deadline }),
    ...(names.userId === undefined ? undefined : { userId: names.userId }),
    ...(names.label === undefined ? undefined : { label: names.label }),
    ...(names.title === undefined ? undefined : { title: names.title }),
  }
}

function renamed(before: string | undefined, change: string | undefined): string | undefined {
  return change === '' ? undefined : (change ?? before)
}

/** Stores what has changed of a record: an update of a column in an index writes the index, whatever it says. */
function update(
  connection: Connection,
  statements: Statements,
  key: number,
  before: SessionRecord,
  { lastSeq, changes, updatedAt, revision, expiresAt, activeAt, userId, label, title }: SessionRecord,
): void {
  const touched = [lastSeq, changes, updatedAt, revision, expiresAt ?? null]
  const isSame =
    activeAt === before.activeAt &&
    minuteOf(expiresAt) === minuteOf(before.expiresAt) &&
    userId === before.userId &&
    label === before.label &&
    title === before.title
  if (isSame) {
    connection.run(statements.touchSession, ...touched, key)
    return
  }
  const names = [encodeName(userId), encodeName(label), encodeName(title)]
  connection.run(statements.changeSession, ...touched, activeAt, minuteOf(expiresAt), ...names, key)
}
