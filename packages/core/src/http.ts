export type {
  ApiMiddleware,
  ClientRole,
  ClientTtl,
  CorsOptions,
  RateLimiter,
  RequestContext,
  SessionApiOptions,
} from './http/api-options.js'
export { type SessionApi, createSessionApi } from './http/api.js'
export type { CookieOptions, TransportOptions } from './http/transport.js'
