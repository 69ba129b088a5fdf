import type { Identity, Session, Sessions, SessionWarning } from '@sessions/core'
import {
  type TransportOptions,
  checkOptions,
  createTransport,
  isOfAnotherSite,
  nodeHeaderSink,
  type OptionNames,
  RequestSession,
  sessionIdHeader,
  warnOnce,
} from '@sessions/core/node'
import type { Request, RequestHandler } from 'express'
import { hostOf, pageRequestOf } from './page-request.js'

/** What the middleware needs: the service, who is asking, and how a credential travels. */
export interface SessionsMiddlewareOptions extends TransportOptions {
  /** The service, as `createSessions` makes it. */
  sessions: Sessions
  /** Origins whose pages may begin sessions with unsafe requests, beside our own (default: none). */
  trustedOrigins?: readonly string[]
  /**
   * Who is asking, from what your application has verified, never from what the client merely claims. Runs when the
   * session is first asked for, once a request.
   */
  identify: (req: Request) => Identity | Promise<Identity>
  /** Told when a cookie could not be set because the request was insecure (default: `console.warn`, once). */
  onWarning?: (warning: SessionWarning) => void
}

const optionNames: OptionNames<SessionsMiddlewareOptions> = {
  sessions: true,
  identify: true,
  cookie: true,
  header: true,
  trustedOrigins: true,
  onWarning: true,
}

// Not on the request: `req.session` belongs to express-session, and any other name to somebody one day.
const requestSessions = new WeakMap<Request, RequestSession>()

/**
 * Makes `getSession(req)` work in the handlers after it. Reads two headers and no body, so it stands anywhere; a
 * route that never asks for its session costs no store call. Mounted twice, the first one counts.
 *
 * @throws `invalid` at start, for options that cannot work.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { getSession, sessionsErrorHandler, sessionsMiddleware } from '@sessions/express'
 * import express from 'express'
 *
 * const app = express().use(express.json())
 * app.use(sessionsMiddleware({ sessions: createSessions(), identify: () => ({ tenantId: 'acme' }) }))
 * app.post('/chat', async (req, res) => {
 *   const session = await getSession(req)
 *   res.json(await session.append({ role: 'user', content: String(req.body.text) }))
 * })
 * app.use(sessionsErrorHandler())
 * ```
 */
export function sessionsMiddleware(options: SessionsMiddlewareOptions): RequestHandler {
  checkOptions(options, optionNames)
  const { sessions, identify, cookie, header, trustedOrigins = [] } = options
  const transport = createTransport({ cookie, header }, sessions.ttl.absoluteMs)
  const warn = warnOnce(options.onWarning)
  return (req, res, next) => {
    if (!requestSessions.has(req)) {
      const fields = {
        cookie: req.headers.cookie,
        sessionId: req.get(sessionIdHeader),
        isSecure: req.secure,
        isOfAnotherSite: isOfAnotherSite(pageRequestOf(req), { host: hostOf(req) }, { trustedOrigins }),
        fetchSite: req.get('sec-fetch-site'),
      }
      const session = new RequestSession({
        sessions,
        transport,
        fields,
        headers: nodeHeaderSink(res),
        identify: () => identify(req),
        warn,
      })
      requestSessions.set(req, session)
    }
    next()
  }
}

/**
 * The session of the request. Without an id: the caller's, by cookie or header; when there is none, a draft that is
 * stored with its first write, which is when the caller is given its credential, so merely looking leaves no trace.
 * With an id: the session of this public id, if the caller may touch it.
 *
 * Touch a draft before the first byte of the response: after it there is no way to hand over the credential, and its
 * first write rejects with `headers_sent`. It rejects with `insecure_transport` where a cookie must not be set, with
 * `forbidden` for a page of another site, and with `not_found` for a caller whose credential has been replaced: by
 * `bindSession`, or on another device. Whatever it rejects with, nothing is stored; `newSession` begins anew.
 *
 * @throws `not_found` for an id that is unknown, expired, deleted or somebody else's.
 */
export async function getSession(req: Request, id?: string): Promise<Session> {
  const session = sessionOf(req)
  return id === undefined ? session.get() : session.getById(id)
}

/** The session whose credential came with the request, or undefined. */
export async function findSession(req: Request): Promise<Session | undefined> {
  return sessionOf(req).find()
}

/** A new session for the caller, whatever they came with: a draft, as `getSession` gives one to who has none. */
export async function newSession(req: Request): Promise<Session> {
  return sessionOf(req).renew()
}

/**
 * To be called when an anonymous caller has signed in: gives their session to their user and replaces the
 * credential; the one they had before opens nothing any more.
 *
 * @throws `not_found` without a session, `unauthenticated` when `identify` knows no user.
 */
export async function bindSession(req: Request): Promise<Session> {
  return sessionOf(req).bind()
}

/** To be called when a caller signs out: takes the cookie away. The session stays until it expires. */
export function forgetSession(req: Request): void {
  sessionOf(req).forget()
}

function sessionOf(req: Request): RequestSession {
  const session = requestSessions.get(req)
  if (session === undefined) throw new Error('sessionsMiddleware() must run before this handler.')
  return session
}
