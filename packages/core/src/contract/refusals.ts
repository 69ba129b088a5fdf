import { SessionError } from '../errors.js'
import type { SessionRecord } from './session-record.js'
import type { SessionChange, SessionGuard } from './session-store.js'

/** For a store: the refusal for a session that is absent, past its deadline, or of another incarnation than is meant. */
export function notFound(): SessionError {
  return new SessionError('not_found', 'there is no such session')
}

/** For a store: the refusal for a body that is at `revision`, and not where a change `expected` it (0: a create). */
export function revisionConflict(revision: number, expected: number): SessionError {
  const problem = expected === 0 ? 'the session already exists' : 'the session was changed meanwhile'
  return new SessionError('conflict', problem, { revision })
}

/** For a store: the refusal for a message id that is used already, with another payload. */
export function messageConflict(messageId: string): SessionError {
  return new SessionError('conflict', 'the message id is already used with another payload', { messageId })
}

/** For a store: the error for a session that is there and cannot be read. */
export function corrupt(problem: string, cause?: unknown): SessionError {
  const details = cause === undefined ? {} : { cause }
  return new SessionError('corrupt', `the stored session cannot be read: ${problem}`, details)
}

/** For a store's `amend`, `trim` and `remove`: whether there is a session, and it is the one that is meant. */
export function isMeant<Found extends Pick<SessionRecord, 'incarnation'>>(
  found: Found | undefined,
  { incarnation }: SessionGuard = {},
): found is Found {
  return found !== undefined && (incarnation === undefined || incarnation === found.incarnation)
}

/**
 * For a store's `commit` to a session that is there. Messages have to be looked at beside it.
 *
 * @throws `not_found` for a session of another incarnation, `conflict` for a body at another revision.
 */
export function checkIsMeant(
  found: Pick<SessionRecord, 'incarnation' | 'revision'>,
  { revision, incarnation }: Pick<SessionChange, 'revision' | 'incarnation'>,
): void {
  if (revision !== 0 && incarnation !== undefined && incarnation !== found.incarnation) throw notFound()
  if (revision !== undefined && revision !== found.revision) throw revisionConflict(found.revision, revision)
}
