import { createHash, timingSafeEqual } from 'node:crypto'
import type { Identity } from '@sessions/core'
import type { Request } from 'express'

const shopper: Identity = { tenantId: 'shop' }
const admin: Identity = { tenantId: 'shop', roles: ['admin'] }

/** The identity of a caller: an anonymous shopper, who opens a session by its credential; or the admin, by a token. */
export function identifyWith(adminToken: string | undefined): (req: Request) => Identity {
  const expected = adminToken === undefined || adminToken === '' ? undefined : digest(adminToken)
  return (req) => {
    const given = /^Bearer (.+)$/i.exec(req.get('authorization') ?? '')?.[1]
    // Compare digests, so that neither time nor length reveals anything about the token.
    const isAdmin = expected !== undefined && given !== undefined && timingSafeEqual(digest(given), expected)
    return isAdmin ? admin : shopper
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
