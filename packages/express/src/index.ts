export {
  bindSession,
  findSession,
  forgetSession,
  getSession,
  sessionsMiddleware,
  type SessionsMiddlewareOptions,
} from './express.js'
export { sessionsErrorHandler } from './error-handler.js'
