import { type ExecutionContext, Inject, Injectable, type PipeTransform } from '@nestjs/common'
import type { RequestSession } from '@sessions/core/node'
import { RequestSessions } from './request-sessions.js'
import { toException } from './session.exception.js'

/**
 * The request of a decorator for a session. Pipes of the application see it first. It is a function, because pipes that
 * check, copy or convert do so with objects and texts, and let a function pass.
 */
export type SessionQuestion = (requests: RequestSessions) => unknown

// Only what a decorator of ours has made is called.
const questions = new WeakSet<object>()

/** Asks for something of the session of a request. */
export function sessionQuestion(
  context: ExecutionContext,
  service: string | undefined,
  ask: (session: RequestSession, request: unknown) => unknown,
): SessionQuestion {
  const question: SessionQuestion = async (requests) => {
    try {
      return await ask(requests.of(context, service), context.switchToHttp().getRequest<unknown>())
    } catch (error) {
      throw toException(error, context)
    }
  }
  questions.add(question)
  return question
}

/** Resolves the decorators: a pipe can have dependencies injected, a decorator cannot. */
@Injectable()
export class SessionPipe implements PipeTransform<SessionQuestion> {
  readonly #requests: RequestSessions

  constructor(@Inject(RequestSessions) requests: RequestSessions) {
    this.#requests = requests
  }

  async transform(question: SessionQuestion): Promise<unknown> {
    if (!questions.has(question)) {
      throw new Error(
        'A pipe has replaced the parameter of a decorator for a session: let it pass each parameter whose metadata.type is "custom".',
      )
    }
    return question(this.#requests)
  }
}
