/**
 * Sessions in Express 5 and 4.
 *
 * @packageDocumentation
 */
export {
  bindSession,
  callerSessions,
  findSession,
  forgetSession,
  getSession,
  newSession,
  sessionsMiddleware,
  type SessionsMiddlewareOptions,
} from './express.js'
export { checkOrigin, type CheckOriginOptions } from './check-origin.js'
export { toExpressHandler } from './to-express-handler.js'
export { sessionsErrorHandler } from './error-handler.js'
