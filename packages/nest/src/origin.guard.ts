import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { RequestSessions } from './request-sessions.js'
import { toSessionException } from './session.exception.js'

/**
 * Stops pages of other sites from acting for their visitors on your own routes: 403 for an unsafe request with cookies
 * from a page of another origin. For all routes: `{ provide: APP_GUARD, useClass: OriginGuard }`.
 */
@Injectable()
export class OriginGuard implements CanActivate {
  readonly #requests: RequestSessions

  constructor(@Inject(RequestSessions) requests: RequestSessions) {
    this.#requests = requests
  }

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true
    try {
      this.#requests.checkOrigin(context)
    } catch (error) {
      throw toSessionException(error)
    }
    return true
  }
}
