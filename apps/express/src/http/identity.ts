import { createHash, timingSafeEqual } from 'node:crypto'
import type { Identity } from '@sessions/core'
import type { Request } from 'express'

const shopper: Identity = { tenantId: 'shop' }
export const admin: Identity = { tenantId: 'shop', roles: ['admin'] }

/** The identity of a caller: an anonymous shopper, who opens a session by its credential; or the admin, by a token. */
export function identifyWith(adminToken: string | undefined): (req: Request) => Identity {
  const isAdmin = isAdminToken(adminToken)
  return (req) => (isAdmin(/^Bearer (.+)$/i.exec(req.get('authorization') ?? '')?.[1]) ? admin : shopper)
}

/** Whether a text is the admin's token; without one no text is. */
export function isAdminToken(adminToken: string | undefined): (given: string | undefined) => boolean {
  const expected = adminToken === undefined || adminToken === '' ? undefined : digest(adminToken)
  // Compare digests, so that neither time nor length reveals anything about the token.
  return (given) => expected !== undefined && given !== undefined && timingSafeEqual(digest(given), expected)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
