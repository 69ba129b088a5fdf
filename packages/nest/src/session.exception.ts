import { type ArgumentsHost, HttpException } from '@nestjs/common'
import { isSessionError } from '@sessions/core'
import { type Problem, toProblem } from '@sessions/core/node'

/**
 * A `SessionError` as an `HttpException` of Nest, with the right status. The guard and the decorators throw it. Your
 * handlers throw a plain `SessionError`; the filter that `SessionsModule` binds answers both.
 */
export class SessionException extends HttpException {
  /** In the format of RFC 9457; it is the response, unless your own filter makes another. */
  readonly problem: Problem

  /** @param error The `SessionError`; it becomes the `cause`. */
  constructor(error: Error) {
    const problem = toProblem(error)
    super({ ...problem }, problem.status, { cause: error })
    this.problem = problem
    this.message = problem.detail ?? problem.title
  }
}

/** A `SessionError` as an exception of Nest; other errors stay as they are. */
export function toSessionException(error: unknown): unknown {
  return isSessionError(error) ? new SessionException(error) : error
}

/**
 * What a guard or a decorator throws. Of messages Nest answers and logs what is no exception of HTTP, and passes over the
 * others in silence.
 */
export function toException(error: unknown, context: ArgumentsHost): unknown {
  const type = context.getType<string>()
  return type === 'ws' || type === 'rpc' ? error : toSessionException(error)
}
