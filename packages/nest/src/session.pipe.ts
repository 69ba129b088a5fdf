import { type ExecutionContext, Inject, Injectable, type PipeTransform } from '@nestjs/common'
import type { RequestSession } from '@sessions/core/node'
import { RequestSessions } from './request-sessions.js'
import { toSessionException } from './session.exception.js'

/** The request of a decorator for a session. Its fields are private, because pipes of the application see it first. */
export class SessionQuestion {
  readonly #context: ExecutionContext
  readonly #service: string | undefined
  readonly #ask: (session: RequestSession, request: unknown) => unknown

  constructor(
    context: ExecutionContext,
    service: string | undefined,
    ask: (session: RequestSession, request: unknown) => unknown,
  ) {
    this.#context = context
    this.#service = service
    this.#ask = ask
  }

  answer(requests: RequestSessions): unknown {
    return this.#ask(
      requests.of(this.#context, this.#service),
      this.#context.switchToHttp().getRequest<unknown>(),
    )
  }
}

/** Resolves the decorators: a pipe can have dependencies injected, a decorator cannot. */
@Injectable()
export class SessionPipe implements PipeTransform<SessionQuestion> {
  readonly #requests: RequestSessions

  constructor(@Inject(RequestSessions) requests: RequestSessions) {
    this.#requests = requests
  }

  async transform(question: SessionQuestion): Promise<unknown> {
    try {
      return await question.answer(this.#requests)
    } catch (error) {
      throw toSessionException(error)
    }
  }
}
