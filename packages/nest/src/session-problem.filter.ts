import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, Logger } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { SessionError } from '@sessions/core'
import { problemHeaders, toLogLine, toProblem } from '@sessions/core/node'
import type { SessionsResponse } from './platform.js'
import { SessionException } from './session.exception.js'

/**
 * Answers a `SessionError` as `application/problem+json`, with `Retry-After`, and logs errors of the server.
 * `SessionsModule.forRoot` binds it after every filter of the application, unless its `problems` is false. Outside of
 * HTTP it passes errors on.
 */
@Catch(SessionException, SessionError)
export class SessionProblemFilter implements ExceptionFilter<SessionException | SessionError> {
  readonly #logger = new Logger('Sessions')
  readonly #host: HttpAdapterHost

  constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost) {
    this.#host = host
  }

  /** Called by Nest. */
  catch(error: SessionException | SessionError, host: ArgumentsHost): void {
    if (host.getType() !== 'http') {
      passOn(host)
      return
    }
    const { httpAdapter } = this.#host
    const response = host.switchToHttp().getResponse<SessionsResponse>()
    const problem = error instanceof SessionException ? error.problem : toProblem(error)
    const said = error instanceof SessionException ? error.cause : error
    if (problem.status >= 500) this.#logger.error(toLogLine(said))
    // Nest 11 does not ask Fastify's reply for what a handler has written to Node's response.
    const isBegun = 'raw' in response && response.raw.headersSent
    if (isBegun || httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response)
      return
    }
    for (const [name, value] of Object.entries(problemHeaders(problem))) {
      httpAdapter.setHeader(response, name, value)
    }
    // As text: Nest 11 sends an object as `application/json`.
    httpAdapter.reply(response, JSON.stringify(problem), problem.status)
  }
}

/** Does what Nest does with an unknown error. For messages and resolvers Nest does so when a filter returns nothing. */
function passOn(host: ArgumentsHost): void {
  if (host.getType() !== 'ws') return
  const client = host.switchToWs().getClient<{ emit?: (event: string, payload: object) => void }>()
  client.emit?.('exception', { status: 'error', message: 'Internal server error' })
}
