import { HttpException } from '@nestjs/common'
import { isSessionError } from '@sessions/core'
import { type Problem, toProblem } from '@sessions/core/node'

/**
 * A `SessionError` as Nest knows errors, an `HttpException` with the right status. Guard and decorators throw it. What
 * a handler of yours lets go of is a `SessionError` still; the filter that `SessionsModule` binds answers both.
 */
export class SessionException extends HttpException {
  /** As RFC 9457 writes it; the response, unless a filter of yours makes another. */
  readonly problem: Problem

  /** @param error The `SessionError`; it becomes the `cause`. */
  constructor(error: Error) {
    const problem = toProblem(error)
    super({ ...problem }, problem.status, { cause: error })
    this.problem = problem
    this.message = problem.detail ?? problem.title
  }
}

/** A `SessionError` as an exception of Nest; anything else as it is. */
export function toSessionException(error: unknown): unknown {
  return isSessionError(error) ? new SessionException(error) : error
}
