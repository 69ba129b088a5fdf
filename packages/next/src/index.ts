/**
 * Sessions in Next.js 16 and 15: server components, actions and route handlers.
 *
 * @packageDocumentation
 */
export { getSession } from './get-session.js'
export { nextSessions } from './next-sessions.js'
export type { NextSessions } from './next-sessions.js'
export type { NextSessionsOptions, NextSessionsRequest } from './next-sessions-options.js'
export type { ReadonlySession } from './readonly-session.js'
export type { RequestCookies, RequestHeaders } from './request-parts.js'
export { sessionAction } from './session-action.js'
export { sessionCacheTag } from './session-cache-tag.js'
export { type RouteHandlers, toRouteHandlers } from './to-route-handlers.js'
export { withProblems } from './with-problems.js'
export { withSession, type WithSessionOptions } from './with-session.js'
export { bindSession, forgetSession, getWritableSession, newSession } from './writing.js'
