import type { Identity, Sessions, SessionWarning } from '@sessions/core'
import type { TransportOptions } from '@sessions/core/node'
import type { RequestCookies, RequestHeaders } from './request-parts.js'

/** What a request shows of who sent it, the same in pages, actions and route handlers. */
export interface NextSessionsRequest {
  readonly headers: RequestHeaders
  /** With what `proxy.ts`, or an action before the render, has set since. */
  readonly cookies: RequestCookies
}

/** What an application needs: a service, who is asking, and how a credential travels. */
export interface NextSessionsOptions extends TransportOptions {
  /** Makes the service. Runs with the first request that asks, once a process; again when it failed. */
  open: () => Sessions | Promise<Sessions>
  /**
   * Who is asking, from what your application has verified, never from what the client merely claims. Runs once for a
   * render, an action or a handler that asks for a session.
   */
  identify: (request: NextSessionsRequest) => Identity | Promise<Identity>
  /** Tells services of one process apart, and their cookies (default `default`). */
  name?: string
  /** Origins whose pages may act for their visitors, beside our own, such as `https://shop.example` (default: none). */
  trustedOrigins?: readonly string[]
  /** Told when a cookie could not be set because the request was insecure (default: `console.warn`, once). */
  onWarning?: (warning: SessionWarning) => void
}
