import * as z from 'zod/mini'
import { SessionError } from '../errors.js'
import { parseWith } from '../parse.js'
import { parseReturnTo } from '../domain/return-to.js'
import { type TransferMode, transferModes } from '../domain/transfer.js'
import type { TransferConfig } from '../service/transfer-settings.js'

/** Options of one transfer. */
export interface TransferOptions {
  /**
   * `move`: the other device takes over, and every earlier credential is void. `share`: it gets a credential of its
   * own to the same session. `copy`: it gets a new session of its own with messages, state, preferences and cart.
   */
  mode: TransferMode
  /** How long it can be redeemed, in milliseconds, at most 15 minutes (default 5 minutes). */
  expiresInMs?: number
  /** Only a device that redeems it with this audience, such as `phone` (default: any device). */
  audience?: string
  /** `source`: the other device gets nothing before `approveTransfer` (default `none`). */
  confirm?: 'none' | 'source'
  /**
   * Where the other device goes afterwards: a path, or a URL of an allowed origin (default: to no particular place).
   */
  returnTo?: string
  /**
   * Only a device with the verifier may redeem it. This is the SHA-256 of the verifier's ASCII, as 43 characters of
   * base64url (`S256` of RFC 7636). For two places of one app that share the verifier beforehand (default: no verifier
   * is needed).
   */
  challenge?: string
  /**
   * Lets an anonymous caller take a copy of a user's session; for `copy` alone (default false: a user's session goes
   * to devices of that user only).
   */
  allowAnonymous?: boolean
  /**
   * The name that the device gives itself, such as a `User-Agent`. Events contain a keyed digest of it, and the name
   * is not stored (default: events contain no device).
   */
  device?: string | undefined
}

const maxExpiresInMs = 15 * 60_000
const usualExpiresInMs = 5 * 60_000

/** An audience: of a transfer, or of a redemption. */
export const audienceSchema = z
  .string()
  .check(z.regex(/^[\w.:-]{1,100}$/, 'must be 1 to 100 of A-Z a-z 0-9 _ . : -'))

export const transferOptionsSchema = z.strictObject({
  mode: z.enum(transferModes),
  expiresInMs: z.optional(z.int().check(z.minimum(1000), z.maximum(maxExpiresInMs))),
  audience: z.optional(audienceSchema),
  confirm: z.optional(z.enum(['none', 'source'])),
  returnTo: z.optional(z.string().check(z.maxLength(2000))),
  // The last of 43 characters has four bits.
  challenge: z.optional(
    z.string().check(z.regex(/^[\w-]{42}[AEIMQUYcgkosw048]$/, 'must be SHA-256 of a verifier in base64url')),
  ),
  allowAnonymous: z.optional(z.boolean()),
})

/** The options with their defaults. @throws `invalid` with the path of a wrong option. */
export function parseTransferOptions(options: Omit<TransferOptions, 'device'>, settings: TransferConfig) {
  const parsed = parseWith(transferOptionsSchema, options, '')
  const { mode, expiresInMs = usualExpiresInMs, audience, confirm = 'none', returnTo, challenge } = parsed
  if (parsed.allowAnonymous === true && mode !== 'copy') {
    throw new SessionError('invalid', 'allowAnonymous is for mode copy alone', { path: 'allowAnonymous' })
  }
  return {
    mode,
    expiresInMs,
    ...(audience === undefined ? {} : { audience }),
    ...(confirm === 'none' ? {} : { confirm }),
    ...(returnTo === undefined ? {} : { returnTo: parseReturnTo(returnTo, settings.returnToOrigins) }),
    ...(challenge === undefined ? {} : { challenge }),
    ...(parsed.allowAnonymous === true ? { allowAnonymous: true } : {}),
  }
}
