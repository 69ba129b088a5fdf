import { isSessionError, type SessionErrorCode } from '../errors.js'

/** Codes of errors that only an HTTP request can have. */
export type RequestErrorCode =
  | 'no_such_route'
  | 'method_not_allowed'
  | 'csrf'
  | 'precondition_failed'
  | 'unsupported_media_type'
  | 'unprocessable'
  | 'request_in_progress'
  | 'rate_limited'

/** The code of an error in an answer over HTTP. */
export type ProblemCode = SessionErrorCode | RequestErrorCode | 'internal'

// In the global registry, as that of `SessionError`: the adapter may have another copy of this package.
const marker: unique symbol = Symbol.for('@sessions/request-error') as never

/** A request that is refused before a session is read. */
export class RequestError extends Error {
  readonly [marker] = true
  override readonly name = 'RequestError'
  readonly code: RequestErrorCode
  readonly path: string | undefined
  readonly retryAfterMs: number | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: RequestErrorCode,
    message: string,
    details: { path?: string; retryAfterMs?: number; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message)
    this.code = code
    this.path = details.path
    this.retryAfterMs = details.retryAfterMs
    this.headers = details.headers ?? {}
  }
}

/** An error in the format of RFC 9457, `application/problem+json`. */
export interface Problem {
  /** `urn:sessions:problem:<code>` */
  readonly type: string
  /** The code, for people. */
  readonly title: string
  /** Of HTTP. */
  readonly status: number
  /** Stable: what programs ask for. */
  readonly code: ProblemCode
  /** The request it answers, as `urn:request:<id>`; the same id is in `X-Request-Id`. */
  readonly instance?: string
  /** What is wrong with this request. */
  readonly detail?: string
  /** The field of the request that is wrong. */
  readonly path?: string
  /** The current revision of the session, for a `conflict`. */
  readonly revision?: number
  /** How long to wait before another try, in milliseconds. */
  readonly retryAfterMs?: number
}

// Typed so that a new code without a status does not compile.
const answers: Record<ProblemCode, { status: number; title: string; retryAfterMs?: number }> = {
  not_found: { status: 404, title: 'Not found' },
  invalid: { status: 400, title: 'Invalid request' },
  unauthenticated: { status: 401, title: 'Not signed in' },
  forbidden: { status: 403, title: 'Not allowed' },
  conflict: { status: 409, title: 'Conflict' },
  turn_in_progress: { status: 409, title: 'Turn in progress', retryAfterMs: 1000 },
  turn_lost: { status: 409, title: 'Turn lost' },
  model_failed: { status: 502, title: 'Model failed' },
  redaction_failed: { status: 503, title: 'Text not redacted', retryAfterMs: 1000 },
  key_reused: { status: 422, title: 'Key used for another request' },
  too_large: { status: 413, title: 'Too large' },
  limit_reached: { status: 429, title: 'Limit reached' },
  budget_exceeded: { status: 429, title: 'Budget exceeded' },
  user_erased: { status: 410, title: 'User erased' },
  consent_missing: { status: 403, title: 'Consent missing' },
  headers_sent: { status: 500, title: 'Response already begun' },
  insecure_transport: { status: 500, title: 'Insecure transport' },
  corrupt: { status: 500, title: 'Session unreadable' },
  unknown_key: { status: 503, title: 'Session cannot be opened now' },
  store_full: { status: 507, title: 'Store full' },
  unavailable: { status: 503, title: 'Store unavailable', retryAfterMs: 1000 },
  unknown_outcome: { status: 503, title: 'Outcome unknown', retryAfterMs: 1000 },
  store_failed: { status: 500, title: 'Store failed' },
  closed: { status: 503, title: 'Service closed', retryAfterMs: 1000 },
  no_such_route: { status: 404, title: 'No such route' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  csrf: { status: 403, title: 'Cross-site request' },
  precondition_failed: { status: 412, title: 'Changed meanwhile' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  unprocessable: { status: 422, title: 'Not allowed in a request' },
  request_in_progress: { status: 409, title: 'Request in progress', retryAfterMs: 1000 },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Internal error' },
}

/** Every code of a problem, with its status and title. */
export const problemCodes: readonly {
  readonly code: ProblemCode
  readonly status: number
  readonly title: string
}[] = Object.entries(answers).map(([code, { status, title }]) => ({
  code: code as ProblemCode,
  status,
  title,
}))

// Errors of the server are for logs. For these codes the caller gets no detail.
const silent: ReadonlySet<ProblemCode> = new Set([
  'corrupt',
  'unknown_key',
  'store_failed',
  'unavailable',
  'unknown_outcome',
])

/** The problem for an error: it describes the caller's request, and nothing inside the server. */
export function toProblem(error: unknown): Problem {
  // A later copy of this package may have codes that this one does not know.
  const isKnown = (isSessionError(error) || isRequestError(error)) && Object.hasOwn(answers, error.code)
  if (!isKnown) return problemOf('internal')
  const { code, message, path, retryAfterMs } = error
  const revision = isSessionError(error) ? error.revision : undefined
  return problemOf(code, { detail: message, path, revision, retryAfterMs })
}

function isRequestError(error: unknown): error is RequestError {
  return typeof error === 'object' && error !== null && marker in error
}

/** A problem of this code. */
export function problemOf(
  code: ProblemCode,
  said: {
    detail?: string
    path?: string | undefined
    revision?: number | undefined
    retryAfterMs?: number | undefined
  } = {},
): Problem {
  const { status, title, retryAfterMs: usual } = answers[code]
  const { detail, path, revision, retryAfterMs = usual } = said
  return {
    type: `urn:sessions:problem:${code}`,
    title,
    status,
    code,
    ...(detail === undefined || silent.has(code) ? {} : { detail }),
    ...(path === undefined ? {} : { path }),
    ...(revision === undefined ? {} : { revision }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** The headers of a problem's response. */
export function problemHeaders({ retryAfterMs }: Pick<Problem, 'retryAfterMs'>): Record<string, string> {
  return {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...(retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) }),
  }
}

/** The response of a problem. @param headers Further headers. */
export function toProblemResponse(
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const all = { ...problemHeaders(problem), ...headers }
  return new Response(JSON.stringify(problem), { status: problem.status, headers: all })
}
