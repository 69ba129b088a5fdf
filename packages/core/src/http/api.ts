import { pause } from '../async/slices.js'
import { checkApiOptions } from './check-api-options.js'
import * as z from 'zod/mini'
import { nobodysTenant } from '../audit/caller.js'
import { noteAudit } from '../audit/note.js'
import type { JsonObject } from '../json.js'
import { answerCaller } from './answer-caller.js'
import { isApiPath, mountPathOf, noRouteAt, originOf, rootsOf } from './api-roots.js'
import { addVary, type RoutedRequest } from './call.js'
import { type ApiConfig, type RequestContext, type SessionApiOptions, toApiConfig } from './api-options.js'
import { addCors, answerOptions } from './cors.js'
import { checkOrigin } from './csrf.js'
import { everyAnswer, requestIdOf } from './every-answer.js'
import { toOpenApi } from './openapi.js'
import { leaveBody } from './leave-body.js'
import { RequestError } from './problem.js'
import { problemResponse } from './problem-response.js'
import { routeFinder, type Route, route } from './route.js'
import { routesOf } from './routes.js'

/** The session HTTP API: it turns a request into a response, in any framework. */
export interface SessionApi {
  /** Answers a request. Never rejects: every error is a problem in the response. */
  readonly handle: (request: Request, mounted?: Mounted) => Promise<Response>
  /** Whether a path belongs to the API, so that a framework can pass other paths on. */
  readonly owns: (pathname: string) => boolean
  /** The part of the path before `/sessions`. */
  readonly basePath: string
  /** The first segments of its paths, after `basePath`. */
  readonly roots: readonly string[]
  /** Method and path of every route, for tests and tables. */
  readonly routes: readonly { readonly method: string; readonly path: string; readonly summary: string }[]
  /** OpenAPI 3.1; `/sessions/openapi.json` serves it with the path that the API is mounted at. */
  readonly openApi: JsonObject
}

/** Where a framework has mounted the API, and what keeps its process. */
export interface Mounted {
  /**
   * The part of the request's path before the `basePath` of the API, such as `/api`: `Location` and the description of
   * the API begin with it (default: none).
   */
  readonly mountPath?: string | undefined
  /**
   * Scheme and host that the client used, such as `https://shop.example` (default: those of the request's URL). Behind a
   * proxy that ends TLS, requests of many frameworks say `http`: pass what a proxy says that you trust. Secure cookies and
   * the check of origins follow it.
   */
  readonly origin?: string | undefined
  /**
   * For a platform that freezes or ends a process once it has answered: called with each turn that the request begins, and
   * with an erasure that was answered with 202. A turn may go on after the answer, when its reader has disconnected. The
   * promise settles when the turn has ended, its reply is stored, and old messages are summed up if a context began that,
   * or when the erasure has ended; it never rejects. On Cloudflare
   * `(work) => ctx.waitUntil(work)`; `toRouteHandlers` of `@sessions/next` passes `after` of Next (default: nobody is
   * told).
   */
  readonly waitUntil?: ((work: Promise<void>) => void) | undefined
}

/**
 * Makes the session HTTP API. It is safe without options: tenant and user come from `identify` alone, the server makes
 * the ids, a foreign session looks like an absent one, and pages of other sites cannot act for their visitors.
 *
 * @throws `invalid` with the path of a wrong option.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { createSessionApi } from '@sessions/core/http'
 *
 * const api = createSessionApi({
 *   sessions: createSessions(),
 *   identify: (request) => {
 *     const user = verify(request.headers.get('authorization'))
 *     return user ?? Response.json({ error: 'sign in first' }, { status: 401 })
 *   },
 *   respond: ({ input }) => `You said ${JSON.stringify(input)}`,
 * })
 * const response = await api.handle(new Request('https://shop.example/sessions', { method: 'POST' }))
 *
 * declare function verify(token: string | null): { tenantId: string; userId: string } | undefined
 * ```
 */
export function createSessionApi<Inputs>(options: SessionApiOptions<Inputs>): SessionApi {
  checkApiOptions(options)
  const api = toApiConfig(options)
  const described = routesOf(options)
  const made: SessionApi = apiOf(api, {
    described,
    roots: rootsOf(options),
    more: [describing(() => made.openApi)],
    describe: () => toOpenApi(described, api),
  })
  return made
}

/** What an API is made of, beside its options. */
export interface ApiParts extends Pick<SessionApi, 'roots'> {
  readonly described: readonly Route[]
  /** Makes the OpenAPI document. */
  readonly describe: () => JsonObject
  /** Routes that are in no table. */
  readonly more: readonly Route[]
}

/** The API of these routes. */
export function apiOf(api: ApiConfig, { described, roots, more, describe }: ApiParts): SessionApi {
  const routesAt = routeFinder([...more, ...described])
  let openApi: JsonObject | undefined
  return {
    get openApi() {
      // To describe every route takes longer than all else of making an API, and few processes are ever asked.
      return (openApi ??= describe())
    },
    basePath: api.basePath,
    roots,
    routes: described.map(({ method, path, summary }) => ({ method, path, summary })),
    owns: (pathname) => isApiPath(api.basePath, pathname, roots),
    handle: (request, mounted = {}) => handle(api, { routesAt, roots }, request, mounted),
  }
}

function describing(describe: () => JsonObject): Route {
  return route({
    method: 'GET',
    path: '/sessions/openapi.json',
    operation: 'describe',
    summary: 'Describes this API',
    response: z.looseObject({ openapi: z.string() }),
    isPublic: true,
    handle: async ({ mountPath }) => ({
      body: mountPath === '' ? describe() : { ...describe(), servers: [{ url: mountPath }] },
    }),
  })
}

interface RouteTable extends Pick<SessionApi, 'roots'> {
  readonly routesAt: ReturnType<typeof routeFinder>
}

async function handle(
  api: ApiConfig,
  table: RouteTable,
  request: Request,
  mounted: Mounted,
): Promise<Response> {
  const { pathname } = new URL(request.url)
  const mountPath = mountPathOf(mounted.mountPath, api.basePath, pathname)
  const { origin, waitUntil } = mounted
  const requestId = requestIdOf(request.headers.get('x-request-id'))
  const headers = new Headers()
  addCors(api, request, headers)
  let response: Response
  try {
    response = await api.service.work.request(async () => {
      // A server reads hundreds of requests in one turn of the event loop.
      await pause()
      return answer(api, table, { request, origin, mountPath, waitUntil, requestId, headers })
    })
  } catch (error) {
    response = problemResponse(api, request, requestId, error)
  }
  // Refused before it was read, or sent where none is asked for.
  if (!request.bodyUsed) leaveBody(request.body)
  return finish(response, headers, requestId)
}

/** Adds the headers that every answer has. Headers of the answer itself win. */
function finish(response: Response, headers: Headers, requestId: string): Response {
  // A copy, because headers of a response from middleware may be immutable.
  const own = new Headers(response.headers)
  for (const [name, value] of headers) {
    if (name === 'vary') for (const each of value.split(/\s*,\s*/)) addVary(own, each)
    else if (name === 'set-cookie' || !own.has(name)) own.append(name, value)
  }
  own.set('X-Request-Id', requestId)
  for (const [name, value] of Object.entries(everyAnswer)) own.set(name, value)
  if (!own.has('Cache-Control')) own.set('Cache-Control', 'no-store')
  return new Response(response.body, { status: response.status, headers: own })
}

interface Asked extends Pick<RoutedRequest, 'request' | 'mountPath' | 'waitUntil' | 'requestId' | 'headers'> {
  readonly origin: string | undefined
}

async function answer(api: ApiConfig, { routesAt, roots }: RouteTable, asked: Asked): Promise<Response> {
  const { request, origin, mountPath, requestId, headers } = asked
  const url = addressOf(request, origin)
  const apiPath = mountPath + api.basePath
  const path = url.pathname.startsWith(apiPath) ? url.pathname.slice(apiPath.length) : undefined
  const matched = path === undefined ? [] : routesAt(path)
  if (matched.length === 0) throw new RequestError('no_such_route', noRouteAt(url.pathname, apiPath, roots))
  const methods = matched.flatMap(({ route: { method } }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  const allow = [...new Set([...methods, 'OPTIONS'])].join(', ')
  if (request.method === 'OPTIONS') return answerOptions(api, request, allow, headers)
  const wanted = request.method === 'HEAD' ? 'GET' : request.method
  const found = matched.find(({ route: { method } }) => method === wanted)
  if (found === undefined) {
    throw new RequestError('method_not_allowed', `This path takes ${allow}.`, { headers: { Allow: allow } })
  }
  try {
    checkOrigin(request, url, api)
  } catch (error) {
    noteForged(api, found.route, requestId)
    throw error
  }

  let context: RequestContext = {}
  for (const middleware of api.middleware) {
    const passed = await middleware(request, context)
    if (passed instanceof Response) return passed
    if (passed !== undefined) context = { ...context, ...passed }
  }
  const execute = () => answerCaller({ api, ...found, ...asked, url, context })
  const response = await (api.withRequestContext === undefined
    ? execute()
    : api.withRequestContext(context, execute))
  if (request.method !== 'HEAD') return response
  await response.body?.cancel()
  return new Response(null, { status: response.status, headers: response.headers })
}

/** The address that the client used. @throws `invalid` for an origin that is none. */
function addressOf(request: Request, origin: string | undefined): URL {
  const url = new URL(request.url)
  return origin === undefined ? url : new URL(originOf(origin) + url.pathname + url.search)
}

/** Notes in the audit that a page of another site may have sent a request; who its visitor is, nobody has asked yet. */
function noteForged({ service }: ApiConfig, { operation }: Route, requestId: string): void {
  const happening = {
    tenantId: nobodysTenant,
    actor: 'anonymous',
    action: 'request.csrf',
    requestId,
  } as const
  noteAudit(service, { ...happening, detail: { operation } }, 'refused')
}
