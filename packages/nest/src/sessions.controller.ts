import { All, Controller, Inject, Req, Res, type Type, VERSION_NEUTRAL } from '@nestjs/common'
import { MountedApi } from './mounted-api.js'
import type { SessionsRequest, SessionsResponse } from './platform.js'

/**
 * The whole HTTP API as one controller; `api` of `SessionsModule` mounts it. Guards know it by
 * `context.getClass().prototype instanceof SessionsController`. To decorate it, extend it, and give your class to
 * `forRoot({ api, controller })`.
 */
export class SessionsController {
  // By property, so that a class of yours may have a constructor of its own.
  @Inject(MountedApi) private readonly api!: MountedApi

  /** Answers a request, and settles when the answer is written. */
  async handle(request: SessionsRequest, response: SessionsResponse): Promise<void> {
    await this.api.answer(request, response)
  }
}

/** A controller for one service: what decorators leave on it is not another one's. */
export function controllerOf(base: Type<SessionsController> = SessionsController): Type<SessionsController> {
  @Controller()
  class OwnController extends base {
    override async handle(@Req() request: SessionsRequest, @Res() response: SessionsResponse): Promise<void> {
      await super.handle(request, response)
    }
  }
  // In logs it is what the application knows it as.
  Object.defineProperty(OwnController, 'name', { value: base.name })
  return OwnController
}

/** Gives a controller its routes. Nest reads them when the application has been put together. */
export function routeController(controller: Type<SessionsController>, prefix: string, paths: string[]): void {
  const { prototype } = controller
  // The prefix says the version, if there is one.
  Controller({ path: prefix, version: VERSION_NEUTRAL })(controller)
  All(paths)(prototype, 'handle', Object.getOwnPropertyDescriptor(prototype, 'handle')!)
}
