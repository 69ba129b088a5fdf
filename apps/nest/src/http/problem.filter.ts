import type { IncomingMessage } from 'node:http'
import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { isSessionError } from '@sessions/core'
import {
  type Problem,
  type ProblemCode,
  problemHeaders,
  problemOf,
  toLogLine,
  toProblem,
} from '@sessions/core/node'
import { SessionException } from '@sessions/nest'
import { troublePage } from '../pages/page.js'

const codes: Readonly<Record<number, ProblemCode>> = {
  400: 'invalid',
  401: 'unauthenticated',
  // Of Nest's own check of where a request comes from: nothing else here says so.
  403: 'csrf',
  404: 'no_such_route',
  413: 'too_large',
  415: 'unsupported_media_type',
  429: 'rate_limited',
}

/** Answers whatever goes wrong as the session API does, `application/problem+json`: Nest's own errors, too. Pages get pages. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #host: HttpAdapterHost

  constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost) {
    this.#host = host
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.#host
    const problem = toProblemOf(error)
    if (problem.status >= 500) console.error(toLogLine(error))
    const response = host.switchToHttp().getResponse<object>()
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response)
      return
    }
    for (const [name, value] of Object.entries(problemHeaders(problem))) {
      httpAdapter.setHeader(response, name, value)
    }
    const request = host.switchToHttp().getRequest<IncomingMessage>()
    if (isPage(httpAdapter.getRequestUrl(request), request.headers.accept)) {
      httpAdapter.setHeader(response, 'Content-Type', 'text/html; charset=utf-8')
      httpAdapter.reply(response, troublePage(problem.status), problem.status)
      return
    }
    httpAdapter.reply(response, JSON.stringify(problem), problem.status)
  }
}

/** People look at these paths, and at what a browser opens by its address, so their errors are pages. */
function isPage(url = '', accept = ''): boolean {
  if (/^\/(?:(?:cart|continue)(?:[/?]|$)|\?|$)/.test(url)) return true
  return !/^\/(?:v1|inspector)(?:[/?]|$)/.test(url) && accept.startsWith('text/html')
}

function toProblemOf(error: unknown): Problem {
  if (error instanceof SessionException) return error.problem
  if (isSessionError(error)) return toProblem(error)
  // Not in the words of Nest's own exceptions and of Express's body parsers, which may quote the body.
  const { status } = (error ?? {}) as { status?: unknown }
  return problemOf((typeof status === 'number' ? codes[status] : undefined) ?? 'internal')
}
