import { z } from 'zod'
import { digestOf } from '../digest.js'
import type { Identity } from '../domain/identity.js'
import { isSessionError } from '../errors.js'
import { parseWith } from '../parse.js'
import type { ApiConfig, RequestContext } from './api-options.js'
import { parseBody } from './body.js'
import { etagOf, wantedRevision } from './etag.js'
import type { RequestKey } from './idempotency-key.js'
import { RequestError } from './problem.js'
import { RequestSession } from './request-session.js'
import type { Call, Route } from './route.js'
import { sessionIdHeader } from './transport.js'

/** A request whose route is known, and nothing else of it yet. */
export interface RoutedRequest {
  readonly api: ApiConfig
  readonly route: Route
  readonly request: Request
  readonly url: URL
  readonly requestId: string
  /** Headers of the answer, even when it is a problem. */
  readonly headers: Headers
  /** What middleware has found out. */
  readonly context: RequestContext
  /** What the variable segments of the path are. */
  readonly params: Readonly<Record<string, string>>
}

/** A request whose caller is known, and whose body has been read. */
export interface IdentifiedRequest extends RoutedRequest {
  readonly identity: Identity
  /** The JSON text of its body. */
  readonly text: string | undefined
  readonly key: RequestKey | undefined
}

/** One execution of a request that is to happen once. */
export interface Attempt {
  /** The same for every execution of the request: ids are made of it. */
  readonly seed: string
  /** True when an earlier execution died on the way. */
  readonly isRetry: boolean
}

/** Has the route of a request answer it. @throws what the route throws, and `invalid` for what its schemas refuse. */
export async function executeCall(identified: IdentifiedRequest, attempt?: Attempt): Promise<Response> {
  const ifMatch = identified.request.headers.get('if-match')
  const ifRevision = wantedRevision(ifMatch)
  const headers = new Headers()
  const call = await toCall(identified, { attempt, headers, ifMatch, ifRevision })
  try {
    const answer = await identified.route.handle(call)
    if (answer instanceof Response) return merged(answer, headers)
    for (const [name, value] of Object.entries(answer.headers ?? {})) headers.set(name, value)
    headers.set('Content-Type', 'application/json; charset=utf-8')
    return new Response(JSON.stringify(answer.body), {
      status: answer.status ?? identified.route.status ?? 200,
      headers,
    })
  } catch (error) {
    if (ifRevision !== undefined && isSessionError(error, 'conflict') && error.revision !== undefined) {
      throw changedMeanwhile()
    }
    throw error
  }
}

interface CallParts {
  readonly attempt: Attempt | undefined
  readonly headers: Headers
  readonly ifMatch: string | null
  readonly ifRevision: number | undefined
}

async function toCall(identified: IdentifiedRequest, parts: CallParts): Promise<Call> {
  const { api, route, request, requestId, url, params, context, identity, text, key } = identified
  const { attempt, headers, ifMatch, ifRevision } = parts
  const query = parseWith(route.query ?? z.object({}), Object.fromEntries(url.searchParams), '')
  const body = route.body === undefined ? undefined : parseWith(route.body, parseBody(text, api), '')
  const caller = requestSession(identified, headers)
  for (const name of api.transport.varyBy) identified.headers.append('Vary', name)
  const seed = attempt?.seed
  return {
    api,
    request,
    requestId,
    params,
    query,
    body,
    identity,
    mine: api.sessions.for(identity),
    caller,
    context,
    headers,
    seed,
    isRetry: attempt?.isRetry ?? false,
    key: key?.scope,
    change: {
      ...(ifRevision === undefined ? {} : { ifRevision }),
      ...(seed === undefined ? {} : { changeId: (await digestOf(seed)).slice(0, 12) }),
    },
    session: async () => {
      const session = await caller.getById(params['id']!)
      if (
        ifRevision !== undefined &&
        etagOf({ ...session.record, revision: ifRevision }) !== ifMatch?.trim()
      ) {
        throw changedMeanwhile()
      }
      return session
    },
  }
}

/** The session that came with a request; what hands it over goes to `own`, the headers of an answer that succeeds. */
function requestSession(
  { api, request, url, identity, headers }: IdentifiedRequest,
  own: Headers,
): RequestSession {
  return new RequestSession({
    sessions: api.sessions,
    transport: api.transport,
    fields: {
      cookie: request.headers.get('cookie') ?? undefined,
      sessionId: request.headers.get(sessionIdHeader) ?? undefined,
      isSecure: url.protocol === 'https:',
    },
    headers: {
      canWrite: () => true,
      append: (name, value) => (name === 'Vary' ? headers : own).append(name, value),
      setDefault: () => {},
    },
    identify: () => identity,
    warn: api.service.warn,
  })
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
