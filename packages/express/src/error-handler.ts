import { type Problem, problemHeaders, problemOf, toProblem } from '@sessions/core/node'
import type { ErrorRequestHandler } from 'express'

/**
 * Answers a `SessionError`, and a request that Express itself could not read, as `application/problem+json`. Mount it
 * last. Other errors, and an error after the first byte, go on to the next error handler.
 */
export function sessionsErrorHandler(): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    const known = toProblem(error)
    const problem = known.code === 'internal' ? unreadable(error) : known
    if (res.headersSent || problem === undefined) next(error)
    else res.status(problem.status).set(problemHeaders(problem)).send(JSON.stringify(problem))
  }
}

// What Express' body parsers call their errors. Those of an application have a status as well.
const unreadableTypes = /^(?:charset|encoding|entity|parameters|querystring|request|stream)\./

/** Errors of Express' body parsers, which have a status and say whether their message may be shown. */
function unreadable(error: unknown): Problem | undefined {
  const { status, expose, type, code } = (error ?? {}) as Readonly<Record<string, unknown>>
  if (typeof status !== 'number' || status < 400 || status > 499 || expose !== true) return undefined
  const isOfParser = unreadableTypes.test(String(type)) || String(code).startsWith('Z_')
  if (!isOfParser) return undefined
  if (status === 415) return problemOf('unsupported_media_type')
  return { ...problemOf(status === 413 ? 'too_large' : 'invalid'), status }
}
