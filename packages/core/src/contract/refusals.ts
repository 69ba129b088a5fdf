import { SessionError } from '../errors.js'
import type { SessionRecord } from './session-record.js'
import type { SessionGuard, SessionChange } from './session-store.js'

/**
 * For a store: the refusal for a session that is absent, past its deadline, or of another incarnation than the caller
 * means.
 */
export function notFound(): SessionError {
  return new SessionError('not_found', 'there is no such session')
}

/** For a store: the refusal for a body that is at `revision`, where the change `expected` another one (0: a create). */
export function revisionConflict(revision: number, expected: number): SessionError {
  const problem = expected === 0 ? 'the session already exists' : 'the session was changed meanwhile'
  return new SessionError('conflict', problem, { revision })
}

/** For a store: the refusal for a message id that is used already, with another payload. */
export function messageConflict(messageId: string): SessionError {
  return new SessionError('conflict', 'the message id is already used with another payload', { messageId })
}

/** For a store: the refusal for messages that would take the log past `maxSeq`. */
export function tooManyMessages(maxSeq: number): SessionError {
  return new SessionError('limit_reached', `A session holds at most ${maxSeq} messages.`, {
    path: 'messages',
  })
}

/** For a store: the refusal for messages that would take the log past `maxBytes`. */
export function tooManyBytes(maxBytes: number): SessionError {
  return new SessionError('too_large', `The messages of a session take at most ${maxBytes} bytes.`, {
    path: 'messages',
  })
}

/**
 * For a store's `commit`, once it knows which messages are new.
 *
 * @throws `limit_reached` past `maxSeq`, `too_large` past `maxBytes`.
 */
export function checkRoom(
  found: Pick<SessionRecord, 'lastSeq' | 'bytes'>,
  { maxSeq = Infinity, maxBytes = Infinity }: Pick<SessionChange, 'maxSeq' | 'maxBytes'>,
  added: { readonly count: number; readonly bytes: number },
): void {
  if (added.count === 0) return
  if (found.lastSeq + added.count > maxSeq) throw tooManyMessages(maxSeq)
  if (found.bytes + added.bytes > maxBytes) throw tooManyBytes(maxBytes)
}

/** For a store: the error for a session that is there and cannot be read. */
export function corrupt(problem: string, cause?: unknown): SessionError {
  const details = cause === undefined ? {} : { cause }
  return new SessionError('corrupt', `the stored session cannot be read: ${problem}`, details)
}

/** For a store's `amend`, `trim` and `remove`: whether there is a session, and the guard means it. */
export function isMeant<Found extends Pick<SessionRecord, 'incarnation' | 'changes'>>(
  found: Found | undefined,
  { incarnation, changes }: SessionGuard = {},
): found is Found {
  return (
    found !== undefined &&
    (incarnation === undefined || incarnation === found.incarnation) &&
    (changes === undefined || changes === found.changes)
  )
}

/**
 * For a store's `restore`, where the place has a session: true when the copy takes its place, false when the session is
 * that very copy.
 *
 * @throws `conflict` for a session of another incarnation or with more changes.
 */
export function isNewerCopy(
  found: Pick<SessionRecord, 'incarnation' | 'changes' | 'revision'>,
  copy: Pick<SessionRecord, 'incarnation' | 'changes'>,
): boolean {
  if (found.incarnation !== copy.incarnation || found.changes > copy.changes)
    throw copyConflict(found.revision)
  return found.changes < copy.changes
}

/** For a store's `restore`: the refusal where the place has a newer session, or another one. */
export function copyConflict(revision: number): SessionError {
  return new SessionError('conflict', 'another or a newer session is there', { revision })
}

/** For a store's `restore`: the refusal for a part that does not go on where the one before it ended. */
export function partConflict(): SessionError {
  return new SessionError('conflict', 'the parts before this one are not there: begin with the first part')
}

/**
 * For a store's `commit` to a session that is there. It does not look at the messages, which the store has to check,
 * too.
 *
 * @throws `not_found` for a session of another incarnation or another user, `conflict` for a body at another revision.
 */
export function checkIsMeant(
  found: Pick<SessionRecord, 'incarnation' | 'revision'> & { readonly userId?: string | undefined },
  { revision, incarnation, ownedBy }: Pick<SessionChange, 'revision' | 'incarnation' | 'ownedBy'>,
): void {
  if (revision !== 0 && incarnation !== undefined && incarnation !== found.incarnation) throw notFound()
  if (ownedBy !== undefined && ownedBy !== found.userId) throw notFound()
  if (revision !== undefined && revision !== found.revision) throw revisionConflict(found.revision, revision)
}
