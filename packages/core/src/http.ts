/**
 * The HTTP API over sessions, for an application that serves it.
 *
 * @packageDocumentation
 */
export type {
  ApiMiddleware,
  ClientRole,
  ClientTtl,
  CorsOptions,
  RateLimit,
  RateLimiter,
  RequestContext,
  SessionApiOptions,
} from './http/api-options.js'
export { type Guest, guests, type Guests, type GuestsOptions } from './http/guests.js'
export { type Mounted, type SessionApi, createSessionApi } from './http/api.js'
export type { CookieOptions, TransportOptions } from './http/transport.js'
export type { ExportOptions } from './portability/export-sessions.js'
export type { SessionExportOptions } from './portability/export-as.js'
export type { ImportInto } from './portability/import-into.js'
export type { ImportReport } from './portability/import-sessions.js'
export type { TextSource } from './portability/lines-in.js'
export type { SessionPart } from './session/session-parts.js'
export type { WatchOptions } from './session/watch.js'
export type { SubscribeOptions } from './session/subscribe.js'
export type { ToolOf } from './turn/responder.js'
