import { createCredentials } from '../domain/credential.js'
import { newId } from '../ids.js'
import { SessionError } from '../errors.js'
import { checkOptions, type OptionNames } from '../options.js'
import { type CookieOptions, createTransport, type Transport, type TransportFields } from './transport.js'

/** The secrets and the cookie of guests. */
export interface GuestsOptions {
  /** Sign the names of guests, each with 32 bytes or more. The first signs, all verify: put a new one in front to rotate. */
  secrets: readonly string[]
  /** The cookie with the name of the guest; its own name is `guest`, and a browser keeps it for 400 days (default). */
  cookie?: CookieOptions
}

/** A visitor without an account, who is a user nevertheless. */
export interface Guest {
  /** `guest:` and an id that nobody can guess. */
  readonly userId: string
  /** The content of the cookie. */
  readonly token: string
  /** Whether this request is the first of the guest, so that no client has the cookie yet. */
  readonly isNew: boolean
}

/** What `guests` makes: pass it to an adapter, or to `createSessionApi`, beside `identify`. */
export interface Guests {
  /** The guest of a request; undefined without a cookie, and for a cookie that was forged or is another tenant's. */
  find(fields: TransportFields, tenantId: string): Promise<Guest | undefined>
  /** A new guest. */
  create(tenantId: string): Promise<Guest>
  /** Carries the name of the guest. */
  readonly transport: Transport
}

/** The ids of guests begin with it. */
export const guestPrefix = 'guest:'

const optionNames: OptionNames<GuestsOptions> = { secrets: 'list', cookie: true }
const mark = 'guest'
const monthsMs = 400 * 24 * 3_600_000

/**
 * Makes each visitor without an account a user with sessions of their own: a guest, whom a signed cookie names. Where
 * `identify` gives no `userId`, the caller is the guest of the cookie, or a new one, and gets the cookie with the first
 * session. When the visitor signs in, `bind` gives all sessions of the guest to the account and ends the guest.
 *
 * @throws `invalid` for a missing or short secret.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { createSessionApi, guests } from '@sessions/core/http'
 *
 * const api = createSessionApi({
 *   sessions: createSessions(),
 *   identify: (request) => ({ tenantId: 'acme', userId: accountOf(request) }),
 *   guests: guests({ secrets: [process.env['GUEST_SECRET']!] }),
 * })
 *
 * declare function accountOf(request: Request): string | undefined
 * ```
 */
export function guests(options: GuestsOptions): Guests {
  checkOptions(options, optionNames)
  const { secrets, cookie = {} } = options ?? {}
  const credentials = createCredentials(secrets, 'secrets')
  const transport = createTransport({ cookie: { name: mark, ...cookie } }, monthsMs)
  return {
    transport,
    async find(fields, tenantId) {
      const sent = transport.read(fields)
      const claim = sent === undefined ? undefined : await credentials.verify(sent)
      // Sessions may be signed with the same secrets: their credentials name no guest.
      if (claim?.incarnation !== mark || claim.ref.tenantId !== tenantId) return undefined
      return {
        userId: `${guestPrefix}${claim.ref.id}`,
        token: (await credentials.renew(sent!))!,
        isNew: false,
      }
    },
    async create(tenantId) {
      const id = newId()
      const token = await credentials.sign({ ref: { tenantId, id }, incarnation: mark, generation: 1 })
      return { userId: `${guestPrefix}${id}`, token, isNew: true }
    },
  }
}

/** Of two cookies of one name each would take the place of the other. @throws `invalid` */
export function checkGuestCookie(guests: Guests | undefined, { cookieName }: Transport): void {
  if (guests === undefined || guests.transport.cookieName !== cookieName) return
  throw new SessionError(
    'invalid',
    `cookie.name: the cookie of guests has the name "${cookieName}", too; give one of them another name`,
    { path: 'cookie.name' },
  )
}
