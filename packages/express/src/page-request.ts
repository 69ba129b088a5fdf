import { hostOf as hostOfHeaders, type PageRequest } from '@sessions/core/node'
import type { Request } from 'express'

/** The parts of a request that tell which page sent it. */
export function pageRequestOf(req: Request): PageRequest {
  return { method: req.method, headers: { get: (name) => req.get(name) ?? null } }
}

/** The host, with its port, that the client used: that of a proxy, if the application trusts it. */
export function hostOf(req: Request): string {
  const isTrusted = req.app.get('trust proxy fn') as
    | ((address: string | undefined, hop: number) => boolean)
    | undefined
  const forwarded = req.get('x-forwarded-host')?.split(',')[0]?.trim()
  if (forwarded !== undefined && isTrusted?.(req.socket.remoteAddress, 0) === true) return forwarded
  return hostOfHeaders(req.headers) ?? ''
}
