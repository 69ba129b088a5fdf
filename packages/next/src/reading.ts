import { isSessionError, type CallerSessions, type Sessions, type SessionWarning } from '@sessions/core'
import { RequestSession, type Transport } from '@sessions/core/node'
import { cookies, headers } from 'next/headers.js'
import { connection } from 'next/server.js'
import { cache } from 'react'
import type { NextSessionsOptions } from './next-sessions-options.js'
import { readonlyCaller, readonlySession } from './readonly-session.js'
import { transportFieldsOf, currentUnit } from './request-parts.js'
import { withStatus } from './with-status.js'

/** What reading needs of an application's sessions. */
export interface ReadableSessions {
  readonly options: Pick<NextSessionsOptions, 'identify'>
  readonly warn: (warning: SessionWarning) => void
  sessions(): Promise<Sessions>
  transport(): Promise<Transport>
}

/** The sessions of who sent the current request; in a render, to look at. */
export async function callerOf(sessions: ReadableSessions): Promise<CallerSessions> {
  const { type, phase } = currentUnit()
  const { caller } = await known(sessions)
  return type === 'request' && phase !== 'render' ? caller : readonlyCaller(caller)
}

// React's cache lasts as long as a render. Elsewhere it keeps nothing, so that a render sees what an action has changed.
const known = cache(async (sessions: ReadableSessions) => {
  // Next renders a page that a router may fetch ahead once more, without what waits for a person to ask.
  if (currentUnit().type !== 'private-cache') await connection()
  const [head, jar] = await Promise.all([headers(), cookies()])
  const [service, transport] = await Promise.all([sessions.sessions(), sessions.transport()])
  const identity = await sessions.options.identify({ headers: head, cookies: jar })
  const request = new RequestSession({
    sessions: service,
    transport,
    fields: transportFieldsOf(head, jar),
    headers: { canWrite: () => false, append: () => {}, setDefault: () => {} },
    identify: () => identity,
    warn: sessions.warn,
  })
  return { request, caller: service.for(identity) }
})

/** The session to look at, read once a render. */
export const readSession = cache(async (sessions: ReadableSessions, id: string | undefined) => {
  const { request } = await known(sessions)
  try {
    return readonlySession(await (id === undefined ? request.get() : request.getById(id)))
  } catch (error) {
    throw isSessionError(error) ? withStatus(error) : error
  }
})
