import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { SessionError } from '@sessions/core'
import { RequestSessions } from './request-sessions.js'
import { toException } from './session.exception.js'

/** The metadata of `@RequireSession()` and `@OptionalSession()` on a class or a method. */
export interface SessionDemand {
  readonly isRequired: boolean
  readonly service?: string | undefined
}

export const sessionDemand = 'sessions:demand'

// Where `@UseGuards()` of Nest keeps them.
const guardsOf = '__guards__'

/**
 * Allows requests with a session: 401 without a credential, 404 when the credential opens no session. It allows every
 * request to a route that is marked `@OptionalSession()`. For all routes:
 * `{ provide: APP_GUARD, useClass: SessionsGuard }`.
 */
@Injectable()
export class SessionsGuard implements CanActivate {
  readonly #reflector: Reflector
  readonly #requests: RequestSessions

  constructor(@Inject(Reflector) reflector: Reflector, @Inject(RequestSessions) requests: RequestSessions) {
    this.#reflector = reflector
    this.#requests = requests
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const places = [context.getHandler(), context.getClass()]
    const demand = this.#reflector.getAllAndOverride<SessionDemand | undefined>(sessionDemand, places)
    if (demand?.isRequired === false) return true
    // A guard of the whole application also gets messages and events, which never have a session. One that was bound to
    // their handler is to close it.
    if (demand === undefined && context.getType() !== 'http' && !places.some(isGuarded)) return true
    try {
      if ((await this.#requests.of(context, demand?.service).find()) !== undefined) return true
      throw this.#requests.carries(context, demand?.service)
        ? new SessionError('not_found', 'There is no such session.')
        : new SessionError('unauthenticated', 'The request came without a session.')
    } catch (error) {
      throw toException(error, context)
    }
  }
}

/** Whether `@UseGuards(SessionsGuard)` stands on a handler or its class. */
function isGuarded(place: object): boolean {
  const guards = (Reflect.getMetadata(guardsOf, place) ?? []) as readonly unknown[]
  return guards.some((guard) => guard === SessionsGuard || guard instanceof SessionsGuard)
}
