import { z } from 'zod'
import { digestOf } from '../digest.js'
import { isSessionError } from '../errors.js'
import type { Identity } from '../domain/identity.js'
import { newId } from '../ids.js'
import { justRead } from '../session.js'
import type { JsonObject } from '../json.js'
import { parseWith } from '../parse.js'
import { type ApiConfig, type RequestContext, type SessionApiOptions, toApiConfig } from './api-options.js'
import { parseBody, readBody } from './body.js'
import { sessionIdHeader } from './transport.js'
import { addCors, answerOptions } from './cors.js'
import { checkOrigin } from './csrf.js'
import { etagOf, wantedRevision } from './etag.js'
import { executeOnce } from './idempotency.js'
import { keyOf, type RequestKey } from './idempotency-key.js'
import { toOpenApi } from './openapi.js'
import { type Problem, RequestError, toProblem } from './problem.js'
import { consume } from './rate-limits.js'
import { RequestSession } from './request-session.js'
import { type Call, matchRoutes, type Route, route } from './route.js'
import { routesOf } from './routes.js'
import { FailedTurn } from './routes/turn-routes.js'

/** The session HTTP API: a request in, a response out, whatever the framework. */
export interface SessionApi {
  /** Answers a request. Never rejects: what goes wrong is a problem in the response. */
  readonly handle: (request: Request) => Promise<Response>
  /** Whether a path is one of the API's, so that a framework can pass on what is not. */
  readonly owns: (pathname: string) => boolean
  /** What comes before `/sessions` in the path. */
  readonly basePath: string
  /** Method and path of every route, for tests and tables. */
  readonly routes: readonly { readonly method: string; readonly path: string; readonly summary: string }[]
  /** OpenAPI 3.1, also served at `/sessions/openapi.json`. */
  readonly openApi: JsonObject
}

/**
 * Makes the session HTTP API. Safe as it is: tenant and user come from `identify` alone, ids are made here, what is
 * not the caller's looks like what is not there, and pages of other sites cannot act for their visitors.
 *
 * @throws `invalid` with the path of an option that cannot work.
 */
export function createSessionApi(options: SessionApiOptions): SessionApi {
  const api = toApiConfig(options)
  const described = routesOf(options)
  const openApi = toOpenApi(described, api.basePath)
  const routes = [describing(openApi), ...described]
  return {
    openApi,
    basePath: api.basePath,
    routes: described.map(({ method, path, summary }) => ({ method, path, summary })),
    owns: (pathname) =>
      ['sessions', 'transfers'].some((root) => `${pathname}/`.startsWith(`${api.basePath}/${root}/`)),
    handle: (request) => handle(api, routes, request),
  }
}

function describing(openApi: JsonObject): Route {
  return route({
    method: 'GET',
    path: '/sessions/openapi.json',
    operation: 'describe',
    summary: 'Describes this API',
    response: z.looseObject({ openapi: z.string() }),
    isPublic: true,
    handle: async () => ({ body: openApi }),
  })
}

async function handle(api: ApiConfig, routes: readonly Route[], request: Request): Promise<Response> {
  const requestId = requestIdOf(request)
  const headers = new Headers()
  addCors(api, request, headers)
  let response: Response
  try {
    response = await api.service.work.request(() => answer(api, routes, request, requestId, headers))
  } catch (error) {
    response = problemResponse(api, request, requestId, error)
  }
  return finish(response, headers, requestId)
}

/** Adds what every answer carries. Headers that the answer has itself win. */
function finish(response: Response, headers: Headers, requestId: string): Response {
  // A copy, for headers of a response that middleware made may be locked.
  const own = new Headers(response.headers)
  for (const [name, value] of headers) {
    if (name === 'vary' && own.has('vary')) own.append(name, value)
    else if (!own.has(name)) own.append(name, value)
  }
  own.set('X-Request-Id', requestId)
  own.set('X-Content-Type-Options', 'nosniff')
  own.set('Referrer-Policy', 'no-referrer')
  if (!own.has('Cache-Control')) own.set('Cache-Control', 'no-store')
  return new Response(response.body, { status: response.status, headers: own })
}

async function answer(
  api: ApiConfig,
  routes: readonly Route[],
  request: Request,
  requestId: string,
  headers: Headers,
): Promise<Response> {
  const url = new URL(request.url)
  const path = url.pathname.startsWith(api.basePath) ? url.pathname.slice(api.basePath.length) : undefined
  const matched = path === undefined ? undefined : matchRoutes(routes, path)
  if (matched === undefined) throw new RequestError('no_such_route', 'There is nothing at this path.')
  const methods = matched.routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  const allow = [...methods, 'OPTIONS'].join(', ')
  if (request.method === 'OPTIONS') return answerOptions(api, request, allow, headers)
  const wanted = request.method === 'HEAD' ? 'GET' : request.method
  const found = matched.routes.find(({ method }) => method === wanted)
  if (found === undefined) {
    throw new RequestError('method_not_allowed', `This path takes ${allow}.`, { headers: { Allow: allow } })
  }
  checkOrigin(request, url, api)

  let context: RequestContext = {}
  for (const middleware of api.middleware) {
    const passed = await middleware(request, context)
    if (passed instanceof Response) return passed
    if (passed !== undefined) context = { ...context, ...passed }
  }
  const execute = () =>
    identified(api, found, request, { url, requestId, headers, context, params: matched.params })
  const response = await (api.withRequestContext === undefined
    ? execute()
    : api.withRequestContext(context, execute))
  if (request.method !== 'HEAD') return response
  await response.body?.cancel()
  return new Response(null, { status: response.status, headers: response.headers })
}

interface Matched {
  readonly url: URL
  readonly requestId: string
  readonly headers: Headers
  readonly context: RequestContext
  readonly params: Readonly<Record<string, string>>
}

async function identified(
  api: ApiConfig,
  found: Route,
  request: Request,
  matched: Matched,
): Promise<Response> {
  const { url, headers, context } = matched
  if (found.isPublic === true) return execute(api, found, request, matched, { tenantId: 'public' }, undefined)
  const identity = await api.identify(request, context)
  if (identity instanceof Response) return identity
  const limitKey = api.limitKey(request, identity)
  await consume(api.limiter, limitKey, headers, api.limiterFailure)
  const text = await readBody(request, found, api)
  const key = keyOf(request, found, identity, api)
  try {
    if (key === undefined || found.ownIdempotency === true) {
      return await execute(api, found, request, matched, identity, text, key)
    }
    const scope = JSON.stringify([key.scope, found.method, found.path, matched.params])
    return await executeOnce({
      service: api.service,
      tenantId: identity.tenantId,
      scope,
      key: key.key,
      content: JSON.stringify([text ?? '', url.search]),
      isSecret: found.isSecret === true,
      about: {
        ...(identity.userId === undefined ? {} : { userId: identity.userId }),
        // That a session was deleted is known after it, too.
        ...(matched.params['id'] === undefined || found.operation === 'deleteSession'
          ? {}
          : { label: matched.params['id'] }),
      },
      keepMs: api.idempotencyMs,
      execute: async (seed, isRetry) => {
        try {
          return await execute(api, found, request, matched, identity, text, key, seed, isRetry)
        } catch (error) {
          return problemResponse(api, request, matched.requestId, error)
        }
      },
    })
  } catch (error) {
    if (isSessionError(error, 'not_found')) {
      await consume(api.missLimiter, limitKey, headers, api.limiterFailure)
    }
    throw error
  }
}

async function execute(
  api: ApiConfig,
  found: Route,
  request: Request,
  { url, requestId, headers: shared, context, params }: Matched,
  identity: Identity,
  text: string | undefined,
  key?: RequestKey,
  seed?: string,
  isRetry = false,
): Promise<Response> {
  const headers = new Headers()
  const ifMatch = request.headers.get('if-match')
  const ifRevision = wantedRevision(ifMatch)
  const query = parseWith(found.query ?? z.object({}), Object.fromEntries(url.searchParams), '')
  const body = found.body === undefined ? undefined : parseWith(found.body, parseBody(text, api), '')
  const mine = api.sessions.for(identity)
  const caller = new RequestSession({
    sessions: api.sessions,
    transport: api.transport,
    fields: {
      cookie: request.headers.get('cookie') ?? undefined,
      sessionId: request.headers.get(sessionIdHeader) ?? undefined,
      isSecure: url.protocol === 'https:',
    },
    headers: {
      canWrite: () => true,
      append: (name, value) => (name === 'Vary' ? shared : headers).append(name, value),
      setDefault: () => {},
    },
    identify: () => identity,
    warn: api.service.warn,
  })
  for (const name of api.transport.varyBy) shared.append('Vary', name)
  const call: Call = {
    api,
    request,
    requestId,
    params,
    query,
    body,
    identity,
    mine,
    caller,
    context,
    headers,
    seed,
    isRetry,
    key: key?.scope,
    change: {
      ...(ifRevision === undefined ? {} : { ifRevision }),
      ...(seed === undefined ? {} : { changeId: (await digestOf(seed)).slice(0, 12) }),
    },
    session: async () => {
      const session = justRead(await caller.getById(params['id']!))
      if (
        ifRevision !== undefined &&
        etagOf({ ...session.record, revision: ifRevision }) !== ifMatch?.trim()
      ) {
        throw changedMeanwhile()
      }
      return session
    },
  }
  try {
    const answer = await found.handle(call)
    if (answer instanceof Response) return merged(answer, headers)
    for (const [name, value] of Object.entries(answer.headers ?? {})) headers.set(name, value)
    headers.set('Content-Type', 'application/json; charset=utf-8')
    return new Response(JSON.stringify(answer.body), {
      status: answer.status ?? found.status ?? 200,
      headers,
    })
  } catch (error) {
    if (ifRevision !== undefined && isSessionError(error, 'conflict') && error.revision !== undefined) {
      throw changedMeanwhile()
    }
    throw error
  }
}

function merged(response: Response, headers: Headers): Response {
  for (const [name, value] of headers) {
    if (!response.headers.has(name)) response.headers.append(name, value)
  }
  return response
}

function changedMeanwhile(): RequestError {
  return new RequestError('precondition_failed', 'The session has changed since you read it.', {
    path: 'If-Match',
  })
}

function problemResponse(api: ApiConfig, request: Request, requestId: string, error: unknown): Response {
  const problem: Problem & { turn?: object } = {
    ...toProblem(error),
    instance: `urn:request:${requestId}`,
    ...(error instanceof FailedTurn ? { turn: error.turn } : {}),
  }
  // Where clients of old look.
  const error01 = { code: problem.code, message: problem.detail ?? problem.title, statusCode: problem.status }
  const body = api.isCompat ? { ...problem, error: error01 } : problem
  if (problem.status >= 500 && !(error instanceof FailedTurn)) api.onError(error, request)
  const headers = new Headers({ 'Content-Type': 'application/problem+json' })
  if (problem.retryAfterMs !== undefined) {
    headers.set('Retry-After', String(Math.ceil(problem.retryAfterMs / 1000)))
  }
  if (error instanceof RequestError) {
    for (const [name, value] of Object.entries(error.headers)) headers.set(name, value)
  }
  return new Response(JSON.stringify(body), { status: problem.status, headers })
}

/** The client's own id of the request when it is harmless, else a new one. */
function requestIdOf(request: Request): string {
  const given = request.headers.get('x-request-id')
  return given !== null && /^[\w.:-]{1,128}$/.test(given) ? given : newId()
}
