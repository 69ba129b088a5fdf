/**
 * Sessions in NestJS 12 and 11, on Express and Fastify.
 *
 * @packageDocumentation
 */
export { OriginGuard } from './origin.guard.js'
export { platformRequestOf } from './mounted-api.js'
export type { SessionsRequest, SessionsResponse } from './platform.js'
export { RequestSessions } from './request-sessions.js'
export {
  CurrentSession,
  type CurrentSessionOptions,
  OptionalSession,
  RequestSession,
  RequireSession,
  type SessionDecoratorOptions,
  SessionIdentity,
} from './session.decorators.js'
export { SessionException, toSessionException } from './session.exception.js'
export { SessionProblemFilter } from './session-problem.filter.js'
export { SessionsController } from './sessions.controller.js'
export { SessionsGuard } from './sessions.guard.js'
export { SessionsModule } from './sessions.module.js'
export type {
  SessionsApiOptions,
  SessionsAsyncOptions,
  SessionsControllerOptions,
  SessionsFeatureOptions,
  SessionsModuleOptions,
  SessionsOptionsFactory,
  SessionsRootAsyncOptions,
  SessionsRootOptions,
} from './sessions-options.js'
export { getSessionsOptionsToken, getSessionsToken, InjectSessions } from './sessions-tokens.js'
