import { SessionError } from '../errors.js'
import type { Identity } from '../domain/identity.js'
import type { ApiConfig } from './api-options.js'
import { sessionIdHeader } from './transport.js'
import type { Route } from './route.js'

export interface RequestKey {
  readonly key: string
  /** The key, as no other caller could have it. */
  readonly scope: string
}

// A key that nobody guesses: who is nobody in particular could otherwise be handed somebody else's new session.
const leastAnonymousKeyLength = 32

/** @throws `invalid` for a key that is malformed, or too easy to guess for who sends it. */
export function keyOf(
  request: Request,
  found: Route,
  identity: Identity,
  api: ApiConfig,
): RequestKey | undefined {
  const given = request.headers.get('idempotency-key')
  if (given === null || found.method === 'GET') return undefined
  const key = /^"(.*)"$/.exec(given.trim())?.[1] ?? given.trim()
  const path = 'Idempotency-Key'
  if (!/^[\u0021-\u007e]{1,255}$/.test(key)) {
    throw new SessionError('invalid', 'Idempotency-Key must be 1 to 255 visible characters.', { path })
  }
  const { userId } = identity
  if (userId !== undefined) return { key, scope: JSON.stringify(['user', userId, key]) }
  const credential = api.transport.read({
    cookie: request.headers.get('cookie') ?? undefined,
    sessionId: request.headers.get(sessionIdHeader) ?? undefined,
    isSecure: new URL(request.url).protocol === 'https:',
  })
  if (credential !== undefined) return { key, scope: JSON.stringify(['credential', credential, key]) }
  if (key.length < leastAnonymousKeyLength) {
    throw new SessionError(
      'invalid',
      `Idempotency-Key must have ${leastAnonymousKeyLength} characters or more, such as a UUID.`,
      { path },
    )
  }
  return { key, scope: JSON.stringify(['anonymous', key]) }
}
