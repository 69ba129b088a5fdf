import { isSessionError, type SessionErrorCode } from '../errors.js'

/** An error as RFC 9457 writes it, `application/problem+json`. */
export interface Problem {
  /** `urn:sessions:problem:<code>` */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: SessionErrorCode | 'internal'
  readonly detail?: string
  /** Where in the request it went wrong. */
  readonly path?: string
  /** The revision the session is at, for a `conflict`. */
  readonly revision?: number
  /** How long to wait before another try, in milliseconds. */
  readonly retryAfterMs?: number
}

// Typed so that a new code without a status does not compile.
const answers: Record<SessionErrorCode, { status: number; title: string; retryAfterMs?: number }> = {
  not_found: { status: 404, title: 'Not found' },
  invalid: { status: 400, title: 'Invalid request' },
  unauthenticated: { status: 401, title: 'Not signed in' },
  forbidden: { status: 403, title: 'Not allowed' },
  conflict: { status: 409, title: 'Conflict' },
  turn_in_progress: { status: 409, title: 'Turn in progress', retryAfterMs: 1000 },
  turn_lost: { status: 409, title: 'Turn lost' },
  model_failed: { status: 502, title: 'Model failed' },
  key_reused: { status: 422, title: 'Key used for another request' },
  too_large: { status: 413, title: 'Too large' },
  limit_reached: { status: 429, title: 'Limit reached' },
  budget_exceeded: { status: 429, title: 'Budget exceeded' },
  headers_sent: { status: 500, title: 'Response already begun' },
  corrupt: { status: 500, title: 'Session unreadable' },
  store_full: { status: 507, title: 'Store full' },
  unavailable: { status: 503, title: 'Store unavailable', retryAfterMs: 1000 },
  unknown_outcome: { status: 503, title: 'Outcome unknown', retryAfterMs: 1000 },
  store_failed: { status: 500, title: 'Store failed' },
}

// What went wrong inside is for logs. These say nothing of it to a caller.
const silent: ReadonlySet<SessionErrorCode> = new Set([
  'corrupt',
  'store_failed',
  'unavailable',
  'unknown_outcome',
])

/** What to tell the caller about an error: the truth about their request, nothing about our insides. */
export function toProblem(error: unknown): Problem {
  if (!isSessionError(error)) {
    return { type: 'urn:sessions:problem:internal', title: 'Internal error', status: 500, code: 'internal' }
  }
  const { code, message, path, revision } = error
  const { status, title, retryAfterMs: usual } = answers[code]
  const retryAfterMs = error.retryAfterMs ?? usual
  return {
    type: `urn:sessions:problem:${code}`,
    title,
    status,
    code,
    ...(silent.has(code) ? {} : { detail: message }),
    ...(path === undefined ? {} : { path }),
    ...(revision === undefined ? {} : { revision }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}
