import { SessionError } from '@sessions/core'
import type { SessionApi } from '@sessions/core/http'
import { after, connection, type NextRequest } from 'next/server.js'
import { problemResponse } from './problem-response.js'
import { checkNotStatic, hostOf, schemeOf } from './request-parts.js'

// Next's `basePath`. Its bundlers write it here; requests of handlers lack it.
const mountPath = process.env['__NEXT_ROUTER_BASEPATH'] ?? ''

type RouteHandler = (request: NextRequest) => Promise<Response>

/** The HTTP API, or what else answers requests below a path, such as an inspector. */
type Mountable = Pick<SessionApi, 'handle'>

/** One function for each method of a `route.ts`. */
export type RouteHandlers = Readonly<
  Record<'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS', RouteHandler>
>

/**
 * Mounts the session HTTP API: in `app/api/[...path]/route.ts`,
 * `export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = toRouteHandlers(() => api())`, with the path of the
 * folder as `basePath` of the API; a `basePath` of Next comes before it by itself. A function runs once, with the first request, so that a build opens no store.
 *
 * A turn whose reader has disconnected goes on to its end: Next is told by `after`, and neither ends nor freezes the
 * process before.
 *
 * @throws `invalid` at start, for what is neither an API nor a function.
 */
export function toRouteHandlers(api: Mountable | (() => Mountable | Promise<Mountable>)): RouteHandlers {
  if (typeof api !== 'function' && !isMountable(api))
    throw new SessionError(
      'invalid',
      'api must be what createSessionApi makes, or a function that gives it',
      {
        path: 'api',
      },
    )
  let made: Promise<Mountable> | undefined
  const make = (): Promise<Mountable> => {
    const making = (made ??= (async () => {
      const given = typeof api === 'function' ? await api() : api
      // No fault of the caller, so no `SessionError`.
      if (!isMountable(given)) throw new Error('The function that toRouteHandlers got gave no API.')
      return given
    })())
    making.catch(() => {
      made = undefined
    })
    return making
  }
  const handle: RouteHandler = async (request) => {
    await connection()
    checkNotStatic()
    try {
      const { handle: answer } = await make()
      return await answer(asSent(request), { mountPath, waitUntil: after })
    } catch (error) {
      const problem = problemResponse(error)
      if (problem === undefined) throw error
      return problem
    }
  }
  return {
    GET: handle,
    HEAD: handle,
    POST: handle,
    PUT: handle,
    PATCH: handle,
    DELETE: handle,
    OPTIONS: handle,
  }
}

function isMountable(api: Partial<Mountable> | null | undefined): api is Mountable {
  return typeof api?.handle === 'function'
}

/** The request with the URL that the client used: Next's own URL has the address that Next listens on. */
function asSent(request: NextRequest): Request {
  const url = new URL(request.url)
  url.pathname = mountPath + url.pathname
  // Next takes any of several proxies for the one that the client has reached.
  const scheme = schemeOf(request.headers)
  if (scheme === 'http' || scheme === 'https') url.protocol = scheme
  const host = hostOf(request.headers)
  if (host !== '') {
    // Setting a host without a port does not change the port.
    url.port = ''
    url.host = host
  }
  const { method, headers, body, signal } = request
  // Spelled out, because not every library of types has `duplex` yet, which a streamed body needs.
  const init = { method, headers, body, signal, duplex: 'half' as const }
  return new Request(url, init)
}
