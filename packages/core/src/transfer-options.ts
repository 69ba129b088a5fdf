import { z } from 'zod'
import { SessionError } from './errors.js'
import { parseWith } from './parse.js'
import { parseReturnTo } from './return-to.js'
import type { SessionRef } from './session-record.js'
import { transferModes, type TransferMode } from './transfer-code.js'

/** How sessions get from one device to another. */
export interface TransferSettings {
  /**
   * The page that redeems, such as `https://shop.example/continue`: links are this and a secret in the fragment
   * (default: none, and transfers have no link). Never what a request says of its host. Where tenants have pages of
   * their own, a function says whose session has which.
   */
  url?: string | ((session: SessionRef) => string)
  /** Origins that `returnTo` may lead to beside paths, such as `https://shop.example` (default: none). */
  returnToOrigins?: readonly string[]
  /** How long a short code is good, in milliseconds (default 2 minutes); never longer than its transfer. */
  codeMs?: number
  /** Wrong short codes and verifiers from one caller in the time of `codeMs`, before it must wait (default 5). */
  maxTries?: number
  /** The same of all callers of a tenant together (default 100). */
  maxTenantTries?: number
}

/** What to hand over, to whom. */
export interface TransferOptions {
  /**
   * `move`: the other device takes over, and every credential given out before dies. `share`: it gets a credential
   * of its own to the same session. `copy`: it gets a new session of its own with messages, state, preferences and
   * cart.
   */
  mode: TransferMode
  /** How long it can be redeemed, in milliseconds, at most 15 minutes (default 5 minutes). */
  expiresInMs?: number
  /** Only who redeems it as this may, such as `phone` (default: anybody). */
  audience?: string
  /** `source`: nothing is handed over before `approveTransfer` (default `none`). */
  confirm?: 'none' | 'source'
  /** Where the other device goes then: a path, or a URL of an allowed origin. */
  returnTo?: string
  /**
   * Only who knows the verifier may redeem it: SHA-256 of the verifier's ASCII, as 43 characters of base64url (`S256`
   * of RFC 7636). For two places of one app that share it beforehand (default: none is asked for).
   */
  challenge?: string
  /**
   * Lets who is not signed in take a copy of a user's session; for `copy` alone (default false: a user's session
   * goes to devices of that user only).
   */
  allowAnonymous?: boolean
  /**
   * What the caller says of the device it is, such as a `User-Agent`. Events tell a keyed digest of it, and nobody
   * keeps it (default: they tell none).
   */
  device?: string | undefined
}

const maxExpiresInMs = 15 * 60_000
const usualExpiresInMs = 5 * 60_000
const whatPage = 'a http or https URL without a fragment or a password'

/** An audience: who is to redeem, or says to do. */
export const audienceSchema = z.string().regex(/^[\w.:-]{1,100}$/, 'must be 1 to 100 of A-Z a-z 0-9 _ . : -')

export const transferOptionsSchema = z.strictObject({
  mode: z.enum(transferModes),
  expiresInMs: z.int().min(1000).max(maxExpiresInMs).optional(),
  audience: audienceSchema.optional(),
  confirm: z.enum(['none', 'source']).optional(),
  returnTo: z.string().max(2000).optional(),
  // The last of 43 characters holds four bits.
  challenge: z
    .string()
    .regex(/^[\w-]{42}[AEIMQUYcgkosw048]$/, 'must be SHA-256 of a verifier in base64url')
    .optional(),
  allowAnonymous: z.boolean().optional(),
})

/** The options with their defaults. @throws `invalid` with the path of what cannot be. */
export function parseTransferOptions(options: Omit<TransferOptions, 'device'>, settings: TransferParts) {
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

/** The settings with their defaults, checked. */
export interface TransferParts extends Required<Omit<TransferSettings, 'url'>> {
  /** The page that redeems transfers of a session. @throws when the application names none that can be. */
  readonly pageOf: (session: SessionRef) => string | undefined
}

/** @throws `invalid` with the path of a setting that makes no sense. */
export function toTransferParts(settings: TransferSettings = {}): TransferParts {
  const { url, returnToOrigins = [], codeMs = 120_000, maxTries = 5, maxTenantTries = 100 } = settings
  const isFixed = typeof url !== 'function'
  check(!isFixed || url === undefined || isPage(url), 'url', `be ${whatPage}`)
  for (const [index, origin] of returnToOrigins.entries()) {
    const isOrigin = URL.canParse(origin) && new URL(origin).origin === origin && origin.startsWith('http')
    check(isOrigin, `returnToOrigins[${index}]`, 'be an origin such as https://shop.example')
  }
  check(codeMs > 0 && codeMs <= maxExpiresInMs, 'codeMs', 'be from 1 to 900,000 milliseconds')
  check(Number.isInteger(maxTries) && maxTries >= 1, 'maxTries', 'be 1 or more')
  check(Number.isInteger(maxTenantTries) && maxTenantTries >= 1, 'maxTenantTries', 'be 1 or more')
  return {
    pageOf: isFixed ? () => url : (session) => pageOf(url(session)),
    returnToOrigins: [...returnToOrigins],
    codeMs,
    maxTries,
    maxTenantTries,
  }
}

/** Not `invalid`: no caller has caused it. */
function pageOf(url: string): string {
  if (isPage(url)) return url
  throw new Error(`transfers.url must give ${whatPage}, not ${JSON.stringify(url)}`)
}

function isPage(text: string): boolean {
  if (!URL.canParse(text) || text.includes('#')) return false
  const { protocol, username, password } = new URL(text)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}

function check(holds: boolean, name: string, what: string): void {
  const path = `transfers.${name}`
  if (!holds) throw new SessionError('invalid', `${path} must ${what}`, { path })
}
