import type { PageRequest } from '@sessions/core/node'
import type { SessionsRequest } from './platform.js'

/** What of a request tells which page has sent it. */
export function pageRequestOf({ method = 'GET', headers }: SessionsRequest): PageRequest {
  return { method, headers: { get: (name) => (headers[name.toLowerCase()] as string | undefined) ?? null } }
}

/** The host that the sender of a request knows, with its port, as far as the platform trusts its proxy. */
export function hostOf({ host, headers }: SessionsRequest): string {
  return host ?? headers.host ?? ''
}
