import type { ApiConfig } from './api-options.js'
import { sessionIdHeader } from './transport.js'

const defaultMaxAgeMs = 600_000
const allowedHeaders =
  'Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, X-Request-Id'
const exposedHeaders =
  'ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id'

/** Adds the headers that let a page of an allowed origin read the answer. */
export function addCors({ cors, hasHeaderMode }: ApiConfig, request: Request, headers: Headers): void {
  if (cors === undefined) return
  headers.append('Vary', 'Origin')
  const origin = request.headers.get('origin')
  if (origin === null || !cors.origins.includes(origin)) return
  headers.set('Access-Control-Allow-Origin', origin)
  if (cors.credentials === true) headers.set('Access-Control-Allow-Credentials', 'true')
  headers.set(
    'Access-Control-Expose-Headers',
    hasHeaderMode ? `${exposedHeaders}, ${sessionIdHeader}` : exposedHeaders,
  )
}

/** Answers `OPTIONS`: the allowed methods, and the allowed origins. */
export function answerOptions(
  { cors, hasHeaderMode }: ApiConfig,
  request: Request,
  allow: string,
  headers: Headers,
): Response {
  headers.set('Allow', allow)
  if (headers.has('Access-Control-Allow-Origin') && request.headers.has('access-control-request-method')) {
    headers.set('Access-Control-Allow-Methods', allow)
    headers.set(
      'Access-Control-Allow-Headers',
      hasHeaderMode ? `${allowedHeaders}, ${sessionIdHeader}` : allowedHeaders,
    )
    const maxAgeMs = cors?.maxAgeMs ?? defaultMaxAgeMs
    headers.set('Access-Control-Max-Age', String(Math.floor(maxAgeMs / 1000)))
  }
  return new Response(null, { status: 204, headers })
}
