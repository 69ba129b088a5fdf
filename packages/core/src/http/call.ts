import * as z from 'zod/mini'
import type { Identity } from '../domain/identity.js'
import { isSessionError, SessionError } from '../errors.js'
import type { JsonObject } from '../json.js'
import { parseWith } from '../parse.js'
import { changeIdOf } from '../service/keyed-requests.js'
import type { Session } from '../session.js'
import { justRead } from '../session/live-of.js'
import { admitCopies } from '../session/copy-admission.js'
import type { ApiConfig, RequestContext } from './api-options.js'
import { parseBody } from './body.js'
import { checkFields } from './client-fields.js'
import { fromSeedBody } from './compat/body.js'
import { copyAdmission } from './copied-bytes.js'
import { isOfAnotherSite } from './csrf.js'
import { asSent, etagOf, isKnown, type WantedState, wantedState } from './etag.js'
import type { RequestKey } from './idempotency-key.js'
import { toJsonBody } from './json-body.js'
import { onFields } from './on-fields.js'
import { RequestError } from './problem.js'
import { RequestSession } from './request-session.js'
import type { Call, Route } from './route.js'
import { sessionIdHeader } from './transport.js'

/** A request whose route is known; nothing else of it has been read. */
export interface RoutedRequest {
  readonly api: ApiConfig
  readonly route: Route
  readonly request: Request
  readonly url: URL
  /** The part of the path before the `basePath` of the API. */
  readonly mountPath: string
  readonly requestId: string
  /** Headers of the answer, also when it is a problem. */
  readonly headers: Headers
  /** Tells a platform what goes on after the answer. */
  readonly waitUntil: Call['waitUntil']
  /** Values that middleware has added. */
  readonly context: RequestContext
  /** The variable segments of the path. */
  readonly params: Readonly<Record<string, string>>
}

/** The session in the path of a request, and the session of its credential. */
export interface RequestedSession {
  readonly caller: RequestSession
  /** The session of the path, if the caller may touch it; looked up once. @throws `not_found` */
  readonly owned: () => Promise<Session>
  /** Headers of a successful answer. */
  readonly replyHeaders: Headers
  /** The earliest time when the session was read, by `performance.now()`. */
  readonly startedAt: number
}

const freshMs = 1000

/** A request whose caller is known, and whose body has been read. */
export interface IdentifiedRequest extends RoutedRequest, RequestedSession {
  readonly identity: Identity
  /** The JSON text of its body. */
  readonly text: string | undefined
  readonly key: RequestKey | undefined
}

/** One execution of a request with a key. */
export interface Attempt {
  /** The same for every execution of the request: ids are derived from it. */
  readonly seed: string
  /** True when the process of an earlier execution died. */
  readonly isRetry: boolean
}

/**
 * Lets the route of a request answer it. @throws whatever the route throws, and `invalid` when its schemas refuse the
 * request.
 */
export async function executeCall(identified: IdentifiedRequest, attempt?: Attempt): Promise<Response> {
  const ifMatch = identified.request.headers.get('if-match')
  const wanted = wantedState(ifMatch)
  const headers = identified.replyHeaders
  const call = await toCall(identified, { attempt, ifMatch, wanted })
  try {
    const answer = await identified.route.handle(call)
    if (answer instanceof Response) return merged(answer, headers)
    for (const [name, value] of Object.entries(answer.headers ?? {})) headers.set(name, value)
    if (knowsAnswer(identified.request, answer.headers?.['ETag']))
      return new Response(null, { status: 304, headers })
    headers.set('Content-Type', 'application/json; charset=utf-8')
    return new Response(await toJsonBody(answer.body), {
      status: answer.status ?? identified.route.status ?? 200,
      headers,
    })
  } catch (error) {
    if (wanted !== undefined && isSessionError(error, 'conflict') && error.revision !== undefined) {
      throw changedMeanwhile()
    }
    throw onFields(error, identified.route.argument)
  }
}

const emptyQuery = z.strictObject({})
// Public routes are targets of links, and services that pass links on add parameters to them.
const anyQuery = z.object({})

interface CallParts {
  readonly attempt: Attempt | undefined
  readonly ifMatch: string | null
  readonly wanted: WantedState | undefined
}

async function toCall(identified: IdentifiedRequest, parts: CallParts): Promise<Call> {
  const { api, route, request, mountPath, requestId, params, context, identity, text, key, caller, owned } =
    identified
  const { attempt, ifMatch, wanted } = parts
  const { startedAt, waitUntil } = identified
  const noQuery = route.isPublic === true ? anyQuery : emptyQuery
  const known = (api.isCompat ? route.compatQuery : undefined) ?? route.query ?? noQuery
  const query = parseWith(known, queryOf(identified), '')
  const said = (): JsonObject => (api.isCompat ? fromSeedBody(parseBody(text, api)) : parseBody(text, api))
  const limits = { maxDepth: api.maxBodyDepth, maxNodes: api.maxBodyItems }
  const body = route.body === undefined ? undefined : parseWith(route.body, said(), '', limits)
  const varyBy = [...api.transport.varyBy, ...(api.guests?.transport.varyBy ?? [])]
  for (const name of varyBy) addVary(identified.headers, name)
  const seed = attempt?.seed
  return {
    api,
    request,
    mountPath,
    apiPath: mountPath + api.basePath,
    requestId,
    params,
    query,
    body,
    identity,
    mine: admitCopies(await caller.mine(), copyAdmission(api, identity)),
    caller,
    context,
    waitUntil,
    headers: identified.replyHeaders,
    seed,
    isRetry: attempt?.isRetry ?? false,
    key: key?.scope,
    change: {
      ...(wanted === undefined ? {} : { ifRevision: wanted.revision }),
      ...(seed === undefined ? {} : { changeId: await changeIdOf(seed) }),
    },
    session: async () => {
      const session = await owned()
      // A slow body may have made the session that was read before it outdated.
      if (performance.now() - startedAt < freshMs) justRead(session)
      if (wanted === undefined) return session
      // An earlier attempt may have made the change already, and a repeated message is found by its id. So for these
      // the change itself checks the revision.
      const isChecked = attempt?.isRetry !== true && route.ownIdempotency !== true
      const { record } = session
      const tag = etagOf(isChecked ? record : { ...record, ...wanted })
      if (ifMatch === null || tag !== asSent(ifMatch)) throw changedMeanwhile()
      return session
    },
  }
}

/** The query, each parameter once. @throws `invalid`; `unprocessable` for a tenant that is not the caller's. */
function queryOf({ url, api, identity }: IdentifiedRequest): Record<string, string> {
  const said: [string, string][] = []
  const names = new Set<string>()
  for (const [name, value] of url.searchParams) {
    if (names.has(name)) {
      throw new SessionError('invalid', `${name} stands in the query more than once.`, { path: name })
    }
    names.add(name)
    // Clients of `unified-llm-client` name their tenant on each request.
    if (api.isCompat && name === 'tenantId') checkFields(api, identity, { tenantId: value })
    else said.push([name, value])
  }
  return Object.fromEntries(said)
}

/** The session of the credential, and the session in the path. */
export function requestSession(
  { api, request, url, headers, params, requestId }: RoutedRequest,
  identity: Identity,
): RequestedSession {
  const replyHeaders = new Headers()
  const caller = new RequestSession({
    sessions: api.sessions,
    transport: api.transport,
    fields: {
      cookie: request.headers.get('cookie') ?? undefined,
      sessionId: request.headers.get(sessionIdHeader) ?? undefined,
      isSecure: url.protocol === 'https:',
      isOfAnotherSite: isOfAnotherSite(request, url, api),
      fetchSite: request.headers.get('sec-fetch-site') ?? undefined,
    },
    headers: {
      canWrite: () => true,
      append(name, value) {
        if (name === 'Vary') addVary(headers, value)
        else replyHeaders.append(name, value)
      },
      appendAnyway: (name, value) => headers.append(name, value),
      setDefault: () => {},
      remove: (name, value) => removeValue(replyHeaders, name, value),
    },
    identify: () => identity,
    guests: api.guests,
    requestId,
    warn: api.service.warn,
  })
  let found: Promise<Session> | undefined
  return {
    caller,
    replyHeaders,
    startedAt: performance.now(),
    owned: () => (found ??= caller.getById(params['id']!)),
  }
}

function removeValue(headers: Headers, name: string, value: string): void {
  const isCookie = name.toLowerCase() === 'set-cookie'
  const others = isCookie ? headers.getSetCookie().filter((each) => each !== value) : []
  headers.delete(name)
  for (const each of others) headers.append(name, each)
}

/** Adds a name to `Vary`, unless it is there already. */
export function addVary(headers: Headers, name: string): void {
  const names =
    headers
      .get('Vary')
      ?.toLowerCase()
      .split(/\s*,\s*/) ?? []
  if (!names.includes(name.toLowerCase())) headers.append('Vary', name)
}

/** Whether whoever asks has the answer already. */
function knowsAnswer({ method, headers }: Request, etag: string | undefined): boolean {
  return etag !== undefined && method === 'GET' && isKnown(headers.get('if-none-match'), etag)
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
