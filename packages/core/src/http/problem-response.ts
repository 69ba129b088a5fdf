import type { ApiConfig } from './api-options.js'
import { FailedTurn } from './failed-turn.js'
import { type Problem, RequestError, toProblem } from './problem.js'

/** The answer to a request that went wrong. What is our own fault is told to `onError`. */
export function problemResponse(
  api: ApiConfig,
  request: Request,
  requestId: string,
  error: unknown,
): Response {
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
