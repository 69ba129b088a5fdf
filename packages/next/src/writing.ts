import { isSessionError, type Session, SessionError } from '@sessions/core'
import { checkCaller } from './check-page.js'
import type { NextSessions } from './next-sessions.js'
import { currentScope, requestSession, type Scope, writableUnit } from './scope.js'
import { withStatus } from './with-status.js'

/**
 * The session of the request, for writing: the caller's, or with an id the session of this public id. For server
 * actions and route handlers; the request must not come from a page of another site.
 *
 * In `sessionAction` and `withSession` a caller without a session gets a draft; the first write stores the draft and
 * sets its cookie. Outside of them no code knows when the response begins, so the caller must have a session.
 *
 * @throws `headers_sent` in a render, in `after()`, and outside of `sessionAction` and `withSession` for a caller
 * without a session; `forbidden` for a page of another site; `not_found` for an id that is unknown, expired, deleted
 * or another caller's. If it is not caught, Next answers the last two with their status.
 */
export async function getWritableSession(sessions: NextSessions, id?: string): Promise<Session> {
  writableUnit()
  try {
    const { request, isOpen } = await writing(sessions)
    if (id !== undefined) return await request.getById(id)
    const session = isOpen ? await request.get() : await request.find()
    if (session !== undefined) return session
  } catch (error) {
    throw isSessionError(error) ? withStatus(error) : error
  }
  throw new SessionError(
    'headers_sent',
    'The caller has no session yet: begin it in sessionAction() or withSession(), where the response has not begun.',
  )
}

/**
 * A new session for the caller, whatever session the request has: a draft, as `getWritableSession` gives to a caller
 * without one.
 *
 * @throws `headers_sent` outside of `sessionAction` and `withSession`.
 */
export async function newSession(sessions: NextSessions): Promise<Session> {
  return openScope(sessions).request.renew()
}

/**
 * Call it when an anonymous caller has signed in: it calls `identify` again, gives the session to the caller's user
 * and replaces the credential; the old credential opens nothing any more.
 *
 * @throws `not_found` without a session, `unauthenticated` when `identify` returns no user, `headers_sent` outside of
 * `sessionAction` and `withSession`.
 */
export async function bindSession(sessions: NextSessions): Promise<Session> {
  const scope = openScope(sessions)
  await scope.restart()
  return scope.request.bind()
}

/**
 * Call it when a caller signs out: it removes the cookie. The session stays until it expires.
 *
 * @throws `headers_sent` outside of `sessionAction` and `withSession`.
 */
export async function forgetSession(sessions: NextSessions): Promise<void> {
  openScope(sessions).request.forget()
}

async function writing(sessions: NextSessions) {
  const scope = currentScope(sessions)
  if (scope !== undefined) return { request: scope.request, isOpen: true }
  await checkCaller(sessions)
  const request = await requestSession(sessions, { headers: new Headers(), canWrite: () => false })
  return { request, isOpen: false }
}

function openScope(sessions: NextSessions): Scope {
  writableUnit()
  const scope = currentScope(sessions)
  if (scope !== undefined) return scope
  throw new SessionError(
    'headers_sent',
    'A credential can only be handed over in sessionAction() and withSession(), where the response has not begun.',
  )
}
