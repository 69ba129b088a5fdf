import { All, Controller, Inject, Req, Res, type Type, VERSION_NEUTRAL } from '@nestjs/common'
import { SessionError } from '@sessions/core'
import { MountedApi } from './mounted-api.js'
import type { SessionsRequest, SessionsResponse } from './platform.js'

/**
 * The whole HTTP API as one controller; `api` of `SessionsModule` mounts it. Guards recognize it by
 * `context.getClass().prototype instanceof SessionsController`. To decorate it, extend it, and pass your class to
 * `forRoot({ api, controller })`.
 */
export class SessionsController {
  // Injected by property, so that your class may have a constructor of its own.
  @Inject(MountedApi) private readonly api!: MountedApi

  /** Answers a request, and settles when the answer is written. */
  async handle(request: SessionsRequest, response: SessionsResponse): Promise<void> {
    await this.api.answer(request, response)
  }
}

/**
 * A controller class for one service, so that the metadata of decorators belongs to this service alone.
 *
 * @throws `invalid` for a class that answers nothing.
 */
export function controllerOf(base: Type<SessionsController> = SessionsController): Type<SessionsController> {
  if (base !== SessionsController && !(base.prototype instanceof SessionsController)) {
    throw new SessionError('invalid', 'controller must extend SessionsController', { path: 'controller' })
  }
  @Controller()
  class OwnController extends base {
    override async handle(@Req() request: SessionsRequest, @Res() response: SessionsResponse): Promise<void> {
      await super.handle(request, response)
    }
  }
  // In logs it has the name of the application's class.
  Object.defineProperty(OwnController, 'name', { value: base.name })
  return OwnController
}

/** Adds the routes to a controller. Nest reads them when the application has been put together. */
export function routeController(controller: Type<SessionsController>, prefix: string, paths: string[]): void {
  const { prototype } = controller
  // The prefix contains the version, if there is one.
  Controller({ path: prefix, version: VERSION_NEUTRAL })(controller)
  All(paths)(prototype, 'handle', Object.getOwnPropertyDescriptor(prototype, 'handle')!)
}
