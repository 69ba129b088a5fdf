import { isSessionError } from '@sessions/core'
import { toProblem } from '@sessions/core/node'
import type { ErrorRequestHandler } from 'express'

/**
 * Answers a `SessionError`, and a request that Express itself could not read, as `application/problem+json`. Mount
 * it last. Everything else, and an error after the first byte, goes on to the next error handler.
 */
export function sessionsErrorHandler(): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    const problem = isSessionError(error) ? toProblem(error) : unreadable(error)
    if (res.headersSent || problem === undefined) {
      next(error)
      return
    }
    if ('retryAfterMs' in problem && problem.retryAfterMs !== undefined) {
      res.setHeader('Retry-After', Math.ceil(problem.retryAfterMs / 1000))
    }
    res.setHeader('Cache-Control', 'no-store')
    res.status(problem.status).type('application/problem+json').send(JSON.stringify(problem))
  }
}

/** Errors of Express' body parsers and router, which name a status and say whether their message may be shown. */
function unreadable(
  error: unknown,
): { type: string; title: string; status: number; code: string } | undefined {
  const { status, expose } = (error ?? {}) as { status?: unknown; expose?: unknown }
  if (typeof status !== 'number' || status < 400 || status > 499 || expose !== true) return undefined
  if (status === 413)
    return { type: 'urn:sessions:problem:too_large', title: 'Too large', status, code: 'too_large' }
  return { type: 'urn:sessions:problem:invalid', title: 'Invalid request', status, code: 'invalid' }
}
