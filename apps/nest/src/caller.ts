import { createHash, timingSafeEqual } from 'node:crypto'
import { type Identity, SessionError } from '@sessions/core'
import type { SessionsRequest } from '@sessions/nest'
import { type ApiKey, type Assistant, findMerchant, marketplace } from './merchants.js'

/** The role of callers that may append messages of the assistant. */
export const assistantRole = 'assistant'

/** Who has the token of the admin. */
export const marketplaceAdmin: Identity = { tenantId: marketplace, roles: ['admin'] }

/** Identifies callers by their API key or credential. */
export interface Callers {
  /** @throws `unauthenticated` for an unknown key, `invalid` for an unusable user. */
  identify: (request: SessionsRequest) => Identity
  /** The audience of a caller's redemptions: the assistant of the key; a caller without a key is a phone. */
  assistantOf: (request: SessionsRequest) => Assistant
  /** Whether this is the token of the admin; never, when there is none. */
  isAdmin: (token: string) => boolean
  /** Callers whose wrong tries count together. */
  limitKeyOf: (request: SessionsRequest, identity: Identity) => string
}

/**
 * Callers by API key; a caller with `adminToken` may open every session of the marketplace (default: no such token).
 */
export function createCallers(keys: readonly ApiKey[], adminToken: string | undefined): Callers {
  const known = keys.map((key) => ({ ...key, digest: digest(key.key) }))
  const admin = adminToken === undefined || adminToken === '' ? undefined : digest(adminToken)
  const isAdmin = (token: string) => admin !== undefined && timingSafeEqual(admin, digest(token))
  const keyOf = (token: string) => {
    const given = digest(token)
    // Compare digests, so that neither time nor length reveals anything about a key.
    return known.find((key) => timingSafeEqual(key.digest, given))
  }

  return {
    identify(request) {
      const token = tokenOf(request)
      if (token === undefined) return visitor(request)
      if (isAdmin(token)) return marketplaceAdmin
      const key = keyOf(token)
      if (key === undefined) throw new SessionError('unauthenticated', 'This API key is unknown.')
      const userId = userOf(request)
      // What an assistant has said is its own to enter. A phone's words are its user's.
      const roles = key.assistant === 'phone' ? {} : { roles: [assistantRole] }
      return { tenantId: key.tenantId, ...(userId === undefined ? {} : { userId }), ...roles }
    },

    assistantOf(request) {
      const token = tokenOf(request)
      return (token === undefined ? undefined : keyOf(token)?.assistant) ?? 'phone'
    },

    isAdmin,

    limitKeyOf: ({ ip }, { tenantId, userId }) => JSON.stringify([tenantId, userId ?? null, ip]),
  }
}

/** A visitor may name any shop: the name opens nothing, because a credential is valid in its tenant alone. */
function visitor({ headers }: SessionsRequest): Identity {
  const merchant = findMerchant(headers['x-merchant'])
  return { tenantId: merchant?.id ?? marketplace }
}

/** A caller with a key is trusted to say which of its users is asking. */
function userOf({ headers }: SessionsRequest): string | undefined {
  const userId = headers['x-user-id']
  if (userId === undefined) return undefined
  if (typeof userId === 'string' && /^[\w.@:-]{1,100}$/.test(userId)) return userId
  throw new SessionError('invalid', 'X-User-Id must be 1 to 100 letters, digits and . _ @ : -', {
    path: 'X-User-Id',
  })
}

function tokenOf({ headers }: SessionsRequest): string | undefined {
  return /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1]
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
