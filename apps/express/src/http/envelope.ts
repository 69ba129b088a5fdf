import { isSessionError, SessionError } from '@sessions/core'
import { toProblem } from '@sessions/core/node'
import type { ErrorRequestHandler, RequestHandler, Response } from 'express'

/** The format of every successful answer. */
export function succeed(
  res: Response,
  data: object,
  { status = 200, meta }: { status?: number; meta?: object } = {},
): void {
  res.status(status).json({ success: true, data, ...(meta === undefined ? {} : { meta }) })
}

/** The format of every failed answer. */
export interface Failure {
  readonly status: number
  readonly error: { readonly code: string; readonly message: string; readonly path?: string }
  readonly retryAfterMs?: number
}

/** The caller's part of an error: what is wrong with the request, and nothing about the inside of the server. */
export function toFailure(error: unknown): Failure {
  const unreadable = isSessionError(error) ? undefined : toUnreadable(error)
  if (unreadable !== undefined) return unreadable
  // A message id that was used twice is the same error here, whichever route finds it.
  const told = isSessionError(error, 'key_reused')
    ? new SessionError('conflict', error.message, { path: 'message_id' })
    : error
  const { status, code, title, detail = title, path, retryAfterMs } = toProblem(told)
  return {
    status,
    error: { code, message: detail, ...(path === undefined ? {} : { path }) },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** A request that Express could not read. Express' own messages quote the body, so they are not passed on. */
function toUnreadable(error: unknown): Failure | undefined {
  const { status, type } = (error ?? {}) as { status?: unknown; type?: unknown }
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined
  if (status === 413) {
    return { status, error: { code: 'too_large', message: 'The body is larger than 100 kB.', path: 'body' } }
  }
  if (type === 'entity.parse.failed') {
    return { status, error: { code: 'invalid', message: 'The body is not valid JSON.', path: 'body' } }
  }
  return { status, error: { code: 'invalid', message: 'The request cannot be read.' } }
}

/** Answers every error in the envelope. Mount it last. */
export function errorHandler(onError: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    const { status, error: told, retryAfterMs } = toFailure(error)
    if (status >= 500) onError(error)
    if (res.headersSent) {
      next(error)
      return
    }
    if (retryAfterMs !== undefined) res.setHeader('Retry-After', Math.ceil(retryAfterMs / 1000))
    res.setHeader('Cache-Control', 'no-store')
    res.status(status).json({ success: false, error: told })
  }
}

/** The answer to an unknown path. */
export const unknownRoute: RequestHandler = () => {
  throw new SessionError('not_found', 'There is no such route.')
}
