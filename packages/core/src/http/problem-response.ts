import type { ApiConfig } from './api-options.js'
import { FailedTurn } from './failed-turn.js'
import { type Problem, RequestError, toProblem, toProblemResponse } from './problem.js'

/** The answer to a failed request. For errors of the server it calls `onError`. */
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
  // Clients of `unified-llm-client` look here.
  const error01 = {
    code: problem.code,
    message: problem.detail ?? problem.title,
    name: 'HttpError',
    requestId,
    statusCode: problem.status,
  }
  const body = api.isCompat ? { ...problem, error: error01 } : problem
  if (problem.status >= 500 && !(error instanceof FailedTurn)) api.onError(error, request)
  return toProblemResponse(body, error instanceof RequestError ? error.headers : {})
}
