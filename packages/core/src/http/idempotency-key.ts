import { SessionError } from '../errors.js'
import type { Identity } from '../domain/identity.js'
import type { RequestSession } from './request-session.js'
import type { Route } from './route.js'

export interface RequestKey {
  readonly key: string
  /** The key, as no other caller could have it. */
  readonly scope: string
}

// A key that nobody guesses: who is nobody in particular could otherwise be handed somebody else's new session.
const leastAnonymousKeyLength = 32

/**
 * @param missing That the session of the path is not there: a repeat may be told so, whoever sends it.
 *
 * @throws `invalid` for a key that is malformed, or too easy to guess for who sends it.
 */
export async function keyOf(
  request: Request,
  found: Route,
  identity: Identity,
  caller: Pick<RequestSession, 'find'>,
  missing?: unknown,
): Promise<RequestKey | undefined> {
  const given = request.headers.get('idempotency-key')
  if (given === null || found.method === 'GET') return undefined
  const key = /^"(.*)"$/.exec(given.trim())?.[1] ?? given.trim()
  const path = 'Idempotency-Key'
  if (!/^[\u0021-\u007e]{1,255}$/.test(key)) {
    throw new SessionError('invalid', 'Idempotency-Key must be 1 to 255 visible characters.', { path })
  }
  const { userId } = identity
  if (userId !== undefined) return { key, scope: JSON.stringify(['user', userId, key]) }
  // What a client merely claims to hold tells nobody apart: the credential has to open its session.
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
