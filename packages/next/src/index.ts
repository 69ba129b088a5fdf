export {
  nextSessions,
  type NextSessions,
  type NextSessionsOptions,
  type NextSessionsRequest,
} from './next-sessions.js'
export { getSession } from './reading.js'
export type { ReadonlySession } from './readonly-session.js'
export type { RequestCookies, RequestHeaders } from './request-parts.js'
export { sessionAction } from './session-action.js'
export { sessionCacheTag } from './session-cache-tag.js'
export { type RouteHandlers, toRouteHandlers } from './to-route-handlers.js'
export { withSession } from './with-session.js'
export { bindSession, forgetSession, getWritableSession, newSession } from './writing.js'
