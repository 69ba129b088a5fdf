import {
  type CallerSessions,
  type Identity,
  type Session,
  SessionError,
  type Sessions,
  type SessionWarning,
} from '@sessions/core'
import {
  type Transport,
  type TransportOptions,
  checkGuestCookie,
  checkOptions,
  createTransport,
  type Guests,
  guestsOfRequest,
  isOfAnotherSite,
  nodeHeaderSink,
  type OptionNames,
  RequestSession,
  sessionIdHeader,
  warnOnce,
} from '@sessions/core/node'
import type { Application, NextFunction, Request, RequestHandler } from 'express'
import { hostOf, pageRequestOf } from './page-request.js'

/** The service, the identity of callers, and the transport of credentials. */
export interface SessionsMiddlewareOptions extends TransportOptions {
  /** The service, as `createSessions` makes it. */
  sessions: Sessions
  /**
   * Origins whose pages may begin sessions with unsafe requests, in addition to the application's own (default: none).
   */
  trustedOrigins?: readonly string[]
  /**
   * Returns the identity of the caller, from what your application has verified, never from what the client merely
   * claims. Runs once a request, when its session is first needed, and again when the caller signs in or out.
   */
  identify: (req: Request) => Identity | Promise<Identity>
  /**
   * Makes callers without a `userId` guests, who have several sessions of their own: `guests({ secrets })` of
   * `@sessions/core/http` (default: they are anonymous).
   */
  guests?: Guests
  /**
   * Called when a cookie could not be set because the request did not come over TLS (default: `console.warn`, once).
   */
  onWarning?: (warning: SessionWarning) => void
}

const optionNames: OptionNames<SessionsMiddlewareOptions> = {
  sessions: true,
  identify: true,
  guests: 'object',
  cookie: true,
  header: 'flag',
  trustedOrigins: 'origins',
  onWarning: 'function',
}

/** The session of a request, and the middleware that it is from. */
interface Known {
  readonly session: RequestSession
  readonly sessions: Sessions
  readonly transport: Transport
  /** The application and the router of this middleware; each router has a `next` of its own for a request. */
  readonly app: Application
  readonly next: NextFunction | undefined
}

// Not stored on the request: `req.session` belongs to express-session, and another package may use any other name.
const knownRequests = new WeakMap<Request, Known[]>()

/**
 * Makes `getSession(req)` work in the handlers after it. It reads two headers and no body, so it may stand anywhere; a
 * route that never asks for its session causes no store call. If it is mounted twice, the first one counts. With another
 * service the later one counts from there on, and needs a `cookie.name` of its own; in an application or a router that is
 * mounted in this one, it counts for the handlers there.
 *
 * @throws `invalid` at start, for wrong options.
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
  mustBe(typeof options?.sessions?.for === 'function', 'sessions', 'what createSessions gives')
  mustBe(typeof options.identify === 'function', 'identify', 'a function')
  const { sessions, identify, guests, cookie, header, trustedOrigins = [] } = options
  const transport = createTransport({ cookie, header }, sessions.ttl.absoluteMs)
  checkGuestCookie(guests, transport)
  const warn = warnOnce(options.onWarning)
  return (req, res, next) => {
    const known = knownRequests.get(req) ?? []
    if (currentOf(req)?.sessions !== sessions) {
      for (const other of known) if (other.sessions !== sessions) mustDiffer(other.transport, transport)
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
        guests: guests === undefined ? undefined : guestsOfRequest(req, guests),
        warn,
      })
      const { app, next: router } = req
      knownRequests.set(req, [...known, { session, sessions, transport, app, next: router }])
    }
    next()
  }
}

/**
 * The session of the request. Without an id: the caller's, by cookie or header. A caller without a session gets a
 * draft. The first write stores the draft and sets its credential, so a caller who only reads leaves no trace. With an
 * id: the session of this public id, if the caller may touch it.
 *
 * Write to a draft before the first byte of the response: after that the response cannot carry the credential, and the
 * first write rejects with `headers_sent`. It rejects with `insecure_transport` when a cookie must not be set, with
 * `forbidden` for a page of another site, and with `not_found` for a caller whose credential has been replaced, by
 * `bindSession` or on another device. In all these cases nothing is stored; `newSession` begins a new session.
 *
 * @throws `not_found` for an id that is unknown, expired, deleted or another caller's.
 */
export async function getSession(req: Request, id?: string): Promise<Session> {
  const session = sessionOf(req)
  return id === undefined ? session.get() : session.getById(id)
}

/**
 * The sessions of the caller, for users and guests with several: `list`, `create`, `get`, and so on. A session of a guest
 * whom no client knows yet has to be made before the first byte of the response, as a draft has to be written to.
 */
export async function callerSessions(req: Request): Promise<CallerSessions> {
  return sessionOf(req).mine()
}

/** The session whose credential came with the request, or undefined. */
export async function findSession(req: Request): Promise<Session | undefined> {
  return sessionOf(req).find()
}

/**
 * A new session for the caller, whatever session the request has: a draft, as `getSession` gives to a caller without
 * one.
 */
export async function newSession(req: Request): Promise<Session> {
  return sessionOf(req).renew()
}

/**
 * Call it when an anonymous caller has signed in: it gives the session to the caller's user and replaces the
 * credential; the old credential opens nothing any more. A guest gives all sessions, and ends.
 *
 * @throws `not_found` without a session, `unauthenticated` when `identify` returns no user.
 */
export async function bindSession(req: Request): Promise<Session> {
  return sessionOf(req).bind()
}

/** Call it when a caller signs out: it removes the cookie. The session stays until it expires. */
export function forgetSession(req: Request): void {
  sessionOf(req).forget()
}

function mustBe(holds: boolean, path: string, what: string): void {
  if (!holds) throw new SessionError('invalid', `${path} must be ${what}`, { path })
}

// No problem of the caller, so no `SessionError`.
function mustDiffer({ cookieName }: Transport, other: Transport): void {
  if (cookieName === undefined || other.cookieName !== cookieName) return
  throw new Error(
    `Two services of this application have the cookie "${cookieName}": give one of them another cookie.name.`,
  )
}

/** That of the router or the application which runs now: another one may have passed the request on. */
function currentOf(req: Request): Known | undefined {
  const known = knownRequests.get(req) ?? []
  const around = known.filter(({ app }) => isWithin(req.app, app))
  // Express knows the last host alone of an application that has several.
  const these = around.length > 0 ? around : known
  return these.findLast(({ next }) => next === req.next) ?? these.at(-1)
}

function isWithin(app: Application, host: Application): boolean {
  const { parent } = app as { parent?: Application }
  return app === host || (parent !== undefined && isWithin(parent, host))
}

function sessionOf(req: Request): RequestSession {
  const session = currentOf(req)?.session
  if (session === undefined) throw new Error('sessionsMiddleware() must run before this handler.')
  return session
}
