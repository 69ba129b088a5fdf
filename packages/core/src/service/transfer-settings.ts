import { atOnce } from '../async/calling.js'
import { SessionError } from '../errors.js'
import type { SessionRef } from '../contract/session-record.js'

/** How sessions get from one device to another. */
export interface TransferSettings {
  /**
   * The page that redeems, such as `https://shop.example/continue`: a link is this URL with a secret in the fragment
   * (default: none, and transfers have no link). It never comes from the host of a request. If tenants have pages of
   * their own, pass a function that returns the page for a session.
   */
  url?: string | ((session: SessionRef) => string)
  /** Origins that `returnTo` may lead to in addition to paths, such as `https://shop.example` (default: none). */
  returnToOrigins?: readonly string[]
  /** How long a short code is valid, in milliseconds (default 2 minutes); never longer than its transfer. */
  codeMs?: number
  /** Wrong tries (short codes and verifiers) of one caller within `codeMs`, before it must wait (default 5). */
  maxTries?: number
  /**
   * Wrong tries of all callers of a tenant together within `codeMs`. Over it, callers with a wrong try must wait, and
   * each other caller has one try (default 100).
   */
  maxTenantTries?: number
}

const maxCodeMs = 15 * 60_000
const whatPage = 'a http or https URL without a fragment or a password'

/** The settings with their defaults, after checks. */
export interface TransferConfig extends Required<Omit<TransferSettings, 'url'>> {
  /** The page that redeems transfers of a session. @throws when the application names no valid page. */
  readonly pageOf: (session: SessionRef) => string | undefined
}

/** @throws `invalid` with the path of a wrong setting. */
export function toTransferConfig(settings: TransferSettings = {}): TransferConfig {
  const { url, returnToOrigins = [], codeMs = 120_000, maxTries = 5, maxTenantTries = 100 } = settings
  const isFixed = typeof url !== 'function'
  const askUrl = atOnce('transfers.url', isFixed ? () => '' : url)
  check(!isFixed || url === undefined || isPage(url), 'url', `be ${whatPage}`)
  check(Array.isArray(returnToOrigins), 'returnToOrigins', 'be a list')
  for (const [index, origin] of returnToOrigins.entries()) {
    const isOrigin = URL.canParse(origin) && new URL(origin).origin === origin && origin.startsWith('http')
    check(isOrigin, `returnToOrigins[${index}]`, 'be an origin such as https://shop.example')
  }
  check(codeMs > 0 && codeMs <= maxCodeMs, 'codeMs', 'be from 1 to 900,000 milliseconds')
  check(Number.isInteger(maxTries) && maxTries >= 1, 'maxTries', 'be 1 or more')
  check(Number.isInteger(maxTenantTries) && maxTenantTries >= 1, 'maxTenantTries', 'be 1 or more')
  return {
    pageOf: isFixed ? () => url : (session) => pageOf(askUrl(session)),
    returnToOrigins: [...returnToOrigins],
    codeMs,
    maxTries,
    maxTenantTries,
  }
}

/** Not `invalid`, because no caller caused it. */
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
