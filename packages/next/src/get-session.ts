import type { NextSessions } from './next-sessions.js'
import type { ReadonlySession } from './readonly-session.js'
import { readSession } from './reading.js'
import { currentUnit } from './request-parts.js'

/**
 * The session of the request, for reading: the caller's, or an empty one that is not stored (`isStored` is false);
 * with an id, the session of this public id. A render reads it once, however many components ask.
 *
 * For server components, which cannot write: a change of the session does not compile, and rejects with
 * `headers_sent`. With `cacheComponents`, read it under `<Suspense>`.
 *
 * @throws `not_found` for an id that is unknown, expired, deleted or another caller's; if it is not caught, Next shows
 * its not-found page. `invalid` inside of `'use cache'`.
 */
export async function getSession(sessions: NextSessions, id?: string): Promise<ReadonlySession> {
  currentUnit()
  return readSession(sessions, id)
}
