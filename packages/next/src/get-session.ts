import type { NextSessions } from './next-sessions.js'
import type { ReadonlySession } from './readonly-session.js'
import { readSession } from './reading.js'
import { currentUnit } from './request-parts.js'

/**
 * The session of the request, to look at: the caller's, or one that is empty and not stored (`isStored` is false);
 * with an id, the session of this public id. However many components ask, a render reads it once.
 *
 * For server components, where nothing can be written: what changes a session does not compile, and rejects with
 * `headers_sent`. With `cacheComponents`, read it under `<Suspense>`.
 *
 * @throws `not_found` for an id that is unknown, expired, deleted or somebody else's; left alone, Next shows its
 * not-found page. `invalid` inside of `'use cache'`.
 */
export async function getSession(sessions: NextSessions, id?: string): Promise<ReadonlySession> {
  currentUnit()
  return readSession(sessions, id)
}
