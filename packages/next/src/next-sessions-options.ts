import type { Identity, Sessions, SessionWarning } from '@sessions/core'
import type { Guests, TransportOptions } from '@sessions/core/node'
import type { RequestCookies, RequestHeaders } from './request-parts.js'

/** The parts of a request that identify its caller, the same in pages, actions and route handlers. */
export interface NextSessionsRequest {
  /** Of the request. */
  readonly headers: RequestHeaders
  /** With those that `proxy.ts`, or an action before the render, has set, and without those that it has removed. */
  readonly cookies: RequestCookies
}

/** The service, the identity of callers, and the transport of credentials. */
export interface NextSessionsOptions extends TransportOptions {
  /** Makes the service. Runs once a process, with the first request that needs it; again if it failed. */
  open: () => Sessions | Promise<Sessions>
  /**
   * Returns the identity of the caller, from what your application has verified, never from what the client merely
   * claims. Runs once for a render, an action or a handler that needs a session, and again when the caller signs in or
   * out.
   */
  identify: (request: NextSessionsRequest) => Identity | Promise<Identity>
  /**
   * Makes callers without a `userId` guests, who have several sessions of their own: `guests({ secrets })` of
   * `@sessions/core/http` (default: they are anonymous).
   */
  guests?: Guests
  /** Tells the services of one process, and their cookies, apart (default `default`). */
  name?: string
  /**
   * Origins whose pages may act for their visitors, in addition to the application's own, such as
   * `https://shop.example` (default: none).
   */
  trustedOrigins?: readonly string[]
  /**
   * Called when a cookie could not be set because the request did not come over TLS (default: `console.warn`, once).
   */
  onWarning?: (warning: SessionWarning) => void
}
