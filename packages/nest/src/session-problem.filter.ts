import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, Logger } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { SessionError } from '@sessions/core'
import { problemHeaders, toProblem } from '@sessions/core/node'
import { SessionException } from './session.exception.js'

/**
 * Answers errors of sessions as `application/problem+json`, with `Retry-After`; those that are our fault are logged.
 * `SessionsModule.forRoot` binds it behind every filter of the application, unless its `problems` is false. Outside of
 * HTTP errors go on as if it were not there.
 */
@Catch(SessionException, SessionError)
export class SessionProblemFilter implements ExceptionFilter<SessionException | SessionError> {
  readonly #logger = new Logger('Sessions')
  readonly #host: HttpAdapterHost

  constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost) {
    this.#host = host
  }

  catch(error: SessionException | SessionError, host: ArgumentsHost): void {
    if (host.getType() !== 'http') {
      passOn(host)
      return
    }
    const { httpAdapter } = this.#host
    const response = host.switchToHttp().getResponse<object>()
    const problem = error instanceof SessionException ? error.problem : toProblem(error)
    if (problem.status >= 500) this.#logger.error(error)
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response)
      return
    }
    for (const [name, value] of Object.entries(problemHeaders(problem))) {
      httpAdapter.setHeader(response, name, value)
    }
    // As text: Nest 11 makes `application/json` of an object's answer.
    httpAdapter.reply(response, JSON.stringify(problem), problem.status)
  }
}

/** What Nest does with an error that it does not know. For messages and resolvers it does so where a filter is silent. */
function passOn(host: ArgumentsHost): void {
  if (host.getType() !== 'ws') return
  const client = host.switchToWs().getClient<{ emit?: (event: string, payload: object) => void }>()
  client.emit?.('exception', { status: 'error', message: 'Internal server error' })
}
