import { hostOf as hostOfHeaders, type PageRequest } from '@sessions/core/node'
import type { SessionsRequest } from './platform.js'

/** The parts of a request that tell which page sent it. */
export function pageRequestOf({ method = 'GET', headers }: SessionsRequest): PageRequest {
  return { method, headers: { get: (name) => (headers[name.toLowerCase()] as string | undefined) ?? null } }
}

/** The host, with its port, that the client used, if the platform trusts its proxy. */
export function hostOf({ host, headers }: SessionsRequest): string {
  return host ?? hostOfHeaders(headers) ?? ''
}
