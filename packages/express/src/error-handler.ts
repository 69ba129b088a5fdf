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

// Their own messages quote the body, or are those of the application.
const details: ReadonlyMap<string, string> = new Map([
  ['entity.parse.failed', 'The body is not what its Content-Type says.'],
  ['entity.too.large', 'The body is larger than the parser of the application takes.'],
  ['parameters.too.many', 'The body has more parameters than the parser of the application takes.'],
  ['request.size.invalid', 'The body is not as long as its Content-Length says.'],
])

/**
 * Errors of Express' body parsers, which have a status and say whether their message may be shown, and that of its router
 * for a path that cannot be decoded, which quotes the path.
 */
function unreadable(error: unknown): Problem | undefined {
  const { status, expose, type, code } = (error ?? {}) as Readonly<Record<string, unknown>>
  if (error instanceof URIError && status === 400)
    return problemOf('invalid', { detail: 'The path cannot be decoded.', path: 'path' })
  if (typeof status !== 'number' || status < 400 || status > 499 || expose !== true) return undefined
  const isOfParser = unreadableTypes.test(String(type)) || String(code).startsWith('Z_')
  if (!isOfParser) return undefined
  if (status === 415) return problemOf('unsupported_media_type')
  const detail = details.get(String(type))
  const said = detail === undefined ? {} : { detail, path: 'body' }
  return { ...problemOf(status === 413 ? 'too_large' : 'invalid', said), status }
}
