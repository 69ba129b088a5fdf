import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, Logger } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { SessionError } from '@sessions/core'
import { toProblem } from '@sessions/core/node'
import { SessionException } from './session.exception.js'

/**
 * Answers errors of sessions as `application/problem+json`, with `Retry-After`; those that are our fault are logged.
 * To be had by asking: `{ provide: APP_FILTER, useClass: SessionProblemFilter }`, or
 * `@UseFilters(SessionProblemFilter)`.
 */
@Catch(SessionException, SessionError)
export class SessionProblemFilter implements ExceptionFilter<SessionException | SessionError> {
  readonly #logger = new Logger('Sessions')
  readonly #host: HttpAdapterHost

  constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost) {
    this.#host = host
  }

  catch(error: SessionException | SessionError, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error
    const { httpAdapter } = this.#host
    const response = host.switchToHttp().getResponse<object>()
    const problem = error instanceof SessionException ? error.problem : toProblem(error)
    if (problem.status >= 500) this.#logger.error(error)
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response)
      return
    }
    httpAdapter.setHeader(response, 'Content-Type', 'application/problem+json')
    httpAdapter.setHeader(response, 'Cache-Control', 'no-store')
    if (problem.retryAfterMs !== undefined) {
      httpAdapter.setHeader(response, 'Retry-After', String(Math.ceil(problem.retryAfterMs / 1000)))
    }
    // As text: Nest 11 makes `application/json` of an object's answer.
    httpAdapter.reply(response, JSON.stringify(problem), problem.status)
  }
}
