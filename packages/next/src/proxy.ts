/**
 * Sessions in the proxy (or middleware) of Next.js, which sets and renews the cookie of a page.
 *
 * @packageDocumentation
 */
export { sessionsProxy, type SessionsProxyOptions } from './sessions-proxy.js'
