import { isSessionError, type SessionsOfCaller } from '@sessions/core'
import { RequestSession } from '@sessions/core/node'
import { cookies, headers } from 'next/headers.js'
import { connection } from 'next/server.js'
import { cache } from 'react'
import type { NextSessions } from './next-sessions.js'
import { readonlyCaller, readonlySession, type ReadonlySession } from './readonly-session.js'
import { carrierOf, currentUnit } from './request-parts.js'
import { withStatus } from './with-status.js'

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
  return read(sessions, id)
}

/** The sessions of who sent the current request; in a render, to look at. */
export async function callerOf(sessions: NextSessions): Promise<SessionsOfCaller> {
  const { type, phase } = currentUnit()
  const { caller } = await known(sessions)
  return type === 'request' && phase !== 'render' ? caller : readonlyCaller(caller)
}

// React's cache lasts as long as a render. Elsewhere it keeps nothing, so that a render sees what an action has changed.
const known = cache(async (sessions: NextSessions) => {
  // Next renders a page that a router may fetch ahead once more, without what waits for a person to ask.
  if (currentUnit().type !== 'private-cache') await connection()
  const [head, jar] = await Promise.all([headers(), cookies()])
  const [service, carriage] = await Promise.all([sessions.sessions(), sessions.carriage()])
  const identity = await sessions.options.identify({ headers: head, cookies: jar })
  const request = new RequestSession({
    sessions: service,
    carriage,
    carrier: carrierOf(head, jar),
    headers: { canWrite: () => false, append: () => {}, setDefault: () => {} },
    identify: () => identity,
    warn: sessions.warn,
  })
  return { request, caller: service.for(identity) }
})

const read = cache(async (sessions: NextSessions, id: string | undefined) => {
  const { request } = await known(sessions)
  try {
    return readonlySession(await (id === undefined ? request.get() : request.getById(id)))
  } catch (error) {
    throw isSessionError(error) ? withStatus(error) : error
  }
})
