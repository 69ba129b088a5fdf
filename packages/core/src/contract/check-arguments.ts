import { longestTimerMs } from '../time.js'
import { SessionError } from '../errors.js'
import type { OwnLifetime } from './session-record.js'
import type { MessageQuery, SessionChange, SessionCopy, SessionQuery } from './session-store.js'

const maxPage = 1000

/**
 * For a store's `commit`.
 *
 * @throws `invalid` with the path of a number out of range, of a body without a revision, or of `ownedBy` in a create.
 */
export function checkChange(change: SessionChange): void {
  const { revision, body, ownedBy, lifetime } = change
  for (const name of ['revision', 'idleMs', 'absoluteMs', 'maxSeq', 'maxBytes'] as const) {
    if (change[name] !== undefined) checkWhole(change[name], name, 0)
  }
  checkLifetime(lifetime, 'lifetime')
  if (body !== undefined && revision === undefined) {
    throw new SessionError('invalid', 'body needs the revision it replaces', { path: 'body' })
  }
  if (ownedBy !== undefined && revision === 0) {
    throw new SessionError('invalid', 'a create has no owner to ask for', { path: 'ownedBy' })
  }
}

function checkLifetime(lifetime: OwnLifetime | undefined, path: string): void {
  for (const name of ['idleMs', 'absoluteMs'] as const) {
    const value = lifetime?.[name]
    if (value !== undefined && value !== null) checkWhole(value, `${path}.${name}`, 0)
  }
}

/** For a store's `messages`. @throws `invalid` with the path of a number out of range. */
export function checkMessageQuery({ limit, after, before }: MessageQuery): void {
  checkPageLimit(limit)
  if (after !== undefined) checkWhole(after, 'after', 0)
  if (before !== undefined) checkWhole(before, 'before', 0)
}

/** For the `limit` of a store's `list`, which is 1 to 1,000. @throws `invalid` with path `limit`. */
export function checkPageLimit(limit: number): void {
  checkWhole(limit, 'limit', 1, maxPage)
}

/**
 * For a store's `list`.
 *
 * @throws `invalid` with the path of a number out of range, or of a place beside a cursor.
 */
export function checkSessionQuery({ limit, cursor, after, activeBefore }: SessionQuery): void {
  checkPageLimit(limit)
  if (activeBefore !== undefined) checkWhole(activeBefore, 'activeBefore', 0)
  if (after === undefined) return
  checkWhole(after.activeAt, 'after.activeAt', 0)
  if (cursor !== undefined) {
    throw new SessionError('invalid', 'a page starts at a cursor or after a place', { path: 'after' })
  }
}

const counts = [
  'revision',
  'changes',
  'lastSeq',
  'trimmedSeq',
  'bytes',
  'createdAt',
  'updatedAt',
  'activeAt',
] as const

/**
 * For a store's `restore`. The store itself has to check that it has the parts before this one.
 *
 * @throws `invalid` with the path of a number out of range, of a message whose seq is outside of the log or does not
 *   follow the seq of the message before it, or of messages that are missing at the end.
 */
export function checkCopy({ record, messages, more = false }: SessionCopy): void {
  for (const name of counts)
    checkWhole(record[name], `record.${name}`, name === 'revision' || name === 'changes' ? 1 : 0)
  if (record.expiresAt !== undefined) checkWhole(record.expiresAt, 'record.expiresAt', 0)
  checkLifetime(record.lifetime, 'record.lifetime')
  const { lastSeq, trimmedSeq } = record
  checkWhole(trimmedSeq, 'record.trimmedSeq', 0, lastSeq)
  const ids = new Set<string>()
  let expected = messages[0]?.seq ?? trimmedSeq + 1
  if (messages.length > 0) checkWhole(expected, 'messages[0].seq', trimmedSeq + 1, lastSeq)
  for (const [index, { seq, id, at }] of messages.entries()) {
    if (ids.size === ids.add(id).size) throw idTwice()
    if (seq !== expected || seq > lastSeq) {
      throw new SessionError(
        'invalid',
        'the messages of a copy stand next to each other, up to record.lastSeq',
        {
          path: `messages[${index}].seq`,
        },
      )
    }
    checkWhole(at, `messages[${index}].at`, 0)
    expected++
  }
  const last = messages.at(-1)?.seq ?? trimmedSeq
  if (!more && last !== lastSeq) {
    throw new SessionError('invalid', 'the last part of a copy ends at record.lastSeq', { path: 'messages' })
  }
}

/** For a store's `restore`: the refusal for a message id that occurs twice in a copy. */
export function idTwice(): SessionError {
  return new SessionError('invalid', 'a message id stands twice in a copy', { path: 'messages' })
}

/** For any other number that a store is given. @throws `invalid` with `path` unless whole and from `min` to `max`. */
export function checkWhole(value: number, path: string, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new SessionError('invalid', `${path} must be a whole number from ${min} to ${max}`, { path })
}

/** Checks how long something may take: a whole number of milliseconds that a timer can wait. @throws `invalid` */
export function checkTimeout(ms: number, path: string): void {
  checkWhole(ms, path, 1, longestTimerMs)
}
