import { SessionError } from '@sessions/core'
import { addVary, type Guests, guestsOfRequest, RequestSession } from '@sessions/core/node'
import { cookies, headers } from 'next/headers.js'
import { NextResponse } from 'next/server.js'
import type { OpenableSessions } from './openable-sessions.js'
import { readsOnly } from './readonly-session.js'
import {
  currentUnit,
  presentCookies,
  type RequestCookies,
  transportFieldsOf,
  type WorkUnit,
} from './request-parts.js'

/**
 * An action or a handler while it runs. Only here a credential can be handed over: no other code knows when the
 * response begins, and Next silently drops a cookie that is set later.
 */
export interface Scope {
  request: RequestSession
  /** Calls `identify` again, because the caller may have signed in since. */
  readonly restart: () => Promise<void>
  /** The session of the same request, for the caller of now, which is handed over as `request` is. */
  readonly another: () => Promise<RequestSession>
  /** Headers of the response in addition to cookies, if the scope has a response. */
  readonly headers: Headers
  /** Ends the scope, after a draft that is being stored has been handed over. */
  readonly leave: () => Promise<void>
}

// By Next's own object for a request, which an action or a handler shares with the code that it calls.
const scopes = new WeakMap<WorkUnit, Map<string, Scope>>()

/** The scope of this service around the current code. */
export function currentScope(sessions: OpenableSessions): Scope | undefined {
  return scopes.get(currentUnit())?.get(sessions.name)
}

/** @throws `headers_sent` in a render and in `after()`; `invalid` without a request. */
export function writableUnit(): WorkUnit {
  const unit = currentUnit()
  if (unit.phase === 'action') return unit
  if (unit.phase === 'render') throw readsOnly()
  throw new SessionError(
    'headers_sent',
    'The response has been sent: get the session before after(), and use it there.',
  )
}

/** Begins a scope; within another scope of the same service, that one continues. */
export async function enterScope(sessions: OpenableSessions): Promise<Scope> {
  const unit = writableUnit()
  const around = currentScope(sessions)
  if (around !== undefined) return { ...around, leave: async () => {} }
  const known = scopes.get(unit) ?? new Map<string, Scope>()
  scopes.set(unit, known)
  const added = new Headers()
  let isOver = false
  const requests: RequestSession[] = []
  const { guests } = sessions.options
  const named = guests === undefined ? undefined : guestsOfRequest(unit, guests)
  const begin = async (): Promise<RequestSession> => {
    const canWrite = (): boolean => !isOver && unit.phase === 'action'
    const request = await requestSession(sessions, { headers: added, canWrite, guests: named })
    requests.push(request)
    return request
  }
  const scope: Scope = {
    request: await begin(),
    restart: async () => {
      scope.request = await begin()
    },
    another: begin,
    headers: added,
    leave: async () => {
      await Promise.all(requests.map((request) => request.settled()))
      isOver = true
      known.delete(sessions.name)
    },
  }
  known.set(sessions.name, scope)
  return scope
}

/** The session of a request, which hands credentials over while `canWrite` returns true. */
export async function requestSession(
  sessions: OpenableSessions,
  response: {
    readonly headers: Headers
    readonly canWrite: () => boolean
    readonly guests?: Guests | undefined
  },
): Promise<RequestSession> {
  const [head, jar] = await Promise.all([headers(), cookies()])
  const [service, transport] = await Promise.all([sessions.sessions(), sessions.transport()])
  return new RequestSession({
    sessions: service,
    transport,
    fields: transportFieldsOf(head, jar),
    headers: {
      canWrite: response.canWrite,
      append: (name, value) => {
        if (name === 'Set-Cookie') keepCookie(jar, value)
        else
          response.headers.set(
            name,
            name === 'Vary' ? addVary(response.headers.get(name) ?? undefined, value) : value,
          )
      },
      setDefault: (name, value) => response.headers.set(name, value),
    },
    identify: () => sessions.options.identify({ headers: head, cookies: presentCookies(jar) }),
    guests: response.guests ?? sessions.options.guests,
    warn: sessions.warn,
  })
}

/** Sets a cookie by Next's API, so that a render after an action sees it, and a redirect includes it. */
function keepCookie(jar: RequestCookies, value: string): void {
  const { cookies: parsed } = new NextResponse(null, { headers: { 'Set-Cookie': value } })
  for (const cookie of parsed.getAll()) {
    // Next drops an empty value here, such as a `Max-Age` of 0, and then the cookie would not be removed.
    jar.set(cookie.value ? cookie : { ...cookie, value: '', expires: new Date(0) })
  }
}
