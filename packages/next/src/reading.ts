import { isSessionError, type CallerSessions } from '@sessions/core'
import { RequestSession } from '@sessions/core/node'
import { cookies, headers } from 'next/headers.js'
import { connection } from 'next/server.js'
import { cache } from 'react'
import type { OpenableSessions } from './openable-sessions.js'
import { readonlyCaller, readonlySession } from './readonly-session.js'
import { currentUnit, presentCookies, transportFieldsOf } from './request-parts.js'
import { currentScope } from './scope.js'
import { withStatus } from './with-status.js'

/** The sessions of the current request's caller; in a render, for reading. */
export async function callerOf(sessions: OpenableSessions): Promise<CallerSessions> {
  const { type, phase } = currentUnit()
  const scope = currentScope(sessions)
  if (scope !== undefined) return (await scope.another()).mine()
  const { caller } = await known(sessions)
  return type === 'request' && phase !== 'render' ? caller : readonlyCaller(caller)
}

// React's cache lasts as long as a render. Outside of one it keeps nothing, so a render sees the changes of an action.
const known = cache(async (sessions: OpenableSessions) => {
  // When a router prefetches a page, Next renders it a second time, without the parts that wait for a visit.
  if (currentUnit().type !== 'private-cache') await connection()
  const [head, jar] = await Promise.all([headers(), cookies()])
  const [service, transport] = await Promise.all([sessions.sessions(), sessions.transport()])
  const identity = await sessions.options.identify({ headers: head, cookies: presentCookies(jar) })
  const request = new RequestSession({
    sessions: service,
    transport,
    fields: transportFieldsOf(head, jar),
    headers: { canWrite: () => false, append: () => {}, setDefault: () => {} },
    identify: () => identity,
    guests: sessions.options.guests,
    warn: sessions.warn,
  })
  return { request, caller: await request.mine() }
})

/** The session for reading; a render reads it once. */
export const readSession = cache(async (sessions: OpenableSessions, id: string | undefined) => {
  const { request } = await known(sessions)
  try {
    return readonlySession(await (id === undefined ? request.get() : request.getById(id)))
  } catch (error) {
    throw isSessionError(error) ? withStatus(error) : error
  }
})
