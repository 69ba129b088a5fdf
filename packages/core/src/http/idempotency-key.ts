import { SessionError } from '../errors.js'
import type { Identity } from '../domain/identity.js'
import type { RequestSession } from './request-session.js'
import type { Route } from './route.js'

export interface RequestKey {
  readonly key: string
  /** The key, made unique for its caller. */
  readonly scope: string
}

// A key that cannot be guessed: otherwise an anonymous caller could get the new session of another one.
const leastAnonymousKeyLength = 32

/**
 * @param missing The error when the session of the path does not exist: a repeat gets it, from any caller.
 *
 * @throws `invalid` for a malformed key, or for a key of an anonymous caller that is too easy to guess.
 */
export async function keyOf(
  request: Request,
  found: Route,
  identity: Identity,
  caller: Pick<RequestSession, 'find' | 'isNewGuest'>,
  missing?: unknown,
): Promise<RequestKey | undefined> {
  const given = request.headers.get('idempotency-key')
  if (given === null || found.method === 'GET') return undefined
  const key = /^"(.*)"$/.exec(given)?.[1] ?? given
  const path = 'Idempotency-Key'
  if (!/^[\u0021-\u007e]{1,255}$/.test(key)) {
    throw new SessionError('invalid', 'Idempotency-Key must be 1 to 255 visible characters.', { path })
  }
  const { userId } = identity
  if (userId !== undefined && !caller.isNewGuest) return { key, scope: JSON.stringify(['user', userId, key]) }
  // A credential that a client merely claims is no scope: it has to open its session.
  const held = await caller.find()
  if (held !== undefined) {
    const { id, incarnation } = held.record
    return { key, scope: JSON.stringify(['session', id, incarnation, key]) }
  }
  if (key.length < leastAnonymousKeyLength) {
    if (missing !== undefined) throw missing
    throw new SessionError(
      'invalid',
      `Idempotency-Key must have ${leastAnonymousKeyLength} characters or more, such as a UUID.`,
      { path },
    )
  }
  return { key, scope: JSON.stringify(['anonymous', key]) }
}
