import { createHash, timingSafeEqual } from 'node:crypto'
import { BadRequestException, UnauthorizedException } from '@nestjs/common'
import type { Identity } from '@sessions/core'
import type { SessionsRequest } from '@sessions/nest'
import { type ApiKey, type Assistant, findMerchant, marketplace } from './merchants.js'

/** Says who calls, by what they have shown. */
export interface Callers {
  /** @throws `UnauthorizedException` for a key that is none. */
  identify: (request: SessionsRequest) => Identity
  /** As whom transfers are redeemed: the assistant of the key; whoever has none holds a phone. */
  assistantOf: (request: SessionsRequest) => Assistant
  /** Whose mistakes count together. */
  limitKeyOf: (request: SessionsRequest, identity: Identity) => string
}

/** Callers by API key; whoever sends `adminToken` may open every session of the marketplace (default: nobody). */
export function createCallers(keys: readonly ApiKey[], adminToken: string | undefined): Callers {
  const known = keys.map((key) => ({ ...key, digest: digest(key.key) }))
  const admin = adminToken === undefined || adminToken === '' ? undefined : digest(adminToken)
  const keyOf = (token: string) => {
    const given = digest(token)
    // Of digests, so that neither the time it takes nor the length tells anything of a key.
    return known.find((key) => timingSafeEqual(key.digest, given))
  }

  return {
    identify(request) {
      const token = tokenOf(request)
      if (token === undefined) return visitor(request)
      if (admin !== undefined && timingSafeEqual(admin, digest(token))) {
        return { tenantId: marketplace, roles: ['admin'] }
      }
      const key = keyOf(token)
      if (key === undefined) throw new UnauthorizedException('This API key is unknown.')
      const userId = userOf(request)
      return { tenantId: key.tenantId, ...(userId === undefined ? {} : { userId }) }
    },

    assistantOf(request) {
      const token = tokenOf(request)
      return (token === undefined ? undefined : keyOf(token)?.assistant) ?? 'phone'
    },

    limitKeyOf: ({ ip }, { tenantId, userId }) => JSON.stringify([tenantId, userId ?? null, ip]),
  }
}

/** Which shop a visitor stands in is theirs to say: it opens nothing, for a credential is good in its tenant alone. */
function visitor({ headers }: SessionsRequest): Identity {
  const merchant = findMerchant(headers['x-merchant'])
  return { tenantId: merchant?.id ?? marketplace }
}

/** Who holds a key is trusted to say which of their users is asking. */
function userOf({ headers }: SessionsRequest): string | undefined {
  const userId = headers['x-user-id']
  if (userId === undefined) return undefined
  if (typeof userId === 'string' && /^[\w.@:-]{1,100}$/.test(userId)) return userId
  throw new BadRequestException('X-User-Id must be 1 to 100 letters, digits and . _ @ : -')
}

function tokenOf({ headers }: SessionsRequest): string | undefined {
  return /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1]
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
