import { createHash, timingSafeEqual } from 'node:crypto'
import { type Identity, SessionError } from '@sessions/core'
import { firstDevice, guestCookieOf, readDevice, readGuest } from './guest.ts'

/** All guests are users of one tenant. */
export const tenantId = 'chat'

/** The parts of a request that identify its caller. */
export interface Caller {
  readonly headers: Pick<Headers, 'get'>
}

/** A guest, as the owner of sessions. */
export function identityOf(guest: string): Identity {
  return { tenantId, userId: guest }
}

/** An anonymous caller: may take the copies that guests give away. */
export const nobody: Identity = { tenantId }

/** The guest of the cookie. @throws `unauthenticated` for a missing or forged cookie. */
export function guestOf({ headers }: Caller): string {
  const guest = guestCookies(headers).map(readGuest).find(Boolean)
  if (guest === undefined)
    throw new SessionError('unauthenticated', 'Cookies are needed to tell visitors apart.')
  return guest
}

/** Which of the guest's devices this is. */
export function deviceOf({ headers }: Caller): string {
  return guestCookies(headers).map(readDevice).find(Boolean) ?? firstDevice
}

/** The caller: the operator, or the guest of the cookie. @throws `unauthenticated` */
export function identify(caller: Caller): Identity {
  return isOperator(caller) ? { tenantId, roles: ['admin'] } : identityOf(guestOf(caller))
}

/** Whose requests the limiter counts together: a guest's, or those of all callers without a guest's cookie. */
export function visitorOf(caller: Caller): string {
  return guestCookies(caller.headers).map(readGuest).find(Boolean) ?? 'nobody'
}

/** Whether the request has `ADMIN_TOKEN` as its bearer token; false when the environment has none. */
export function isOperator({ headers }: Caller): boolean {
  const admin = process.env['ADMIN_TOKEN']
  const given = /^bearer (.+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  // Compare digests, so that neither time nor length reveals anything about the token.
  return Boolean(admin) && given !== undefined && timingSafeEqual(digest(admin!), digest(given))
}

function guestCookies(headers: Pick<Headers, 'get'>): string[] {
  const name = guestCookieOf(headers)
  return (headers.get('cookie') ?? '')
    .split(';')
    .map((pair) => pair.replace(/^ /, ''))
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
