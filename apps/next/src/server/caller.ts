import { createHash, timingSafeEqual } from 'node:crypto'
import { type Identity, SessionError } from '@sessions/core'
import { guestCookie, readGuest } from './guest.ts'

const tenantId = 'chat'

/** What a request shows of who sends it. */
export interface Caller {
  readonly headers: Pick<Headers, 'get'>
}

/** A guest, as the owner of their sessions. */
export function identityOf(guest: string): Identity {
  return { tenantId, userId: guest }
}

/** Nobody: may take the copies that guests give away. */
export const nobody: Identity = { tenantId }

/** The guest who asks. @throws `unauthenticated` for a cookie that is missing or not ours. */
export function guestOf({ headers }: Caller): string {
  const guest = cookiesOf(headers, guestCookie).map(readGuest).find(Boolean)
  if (guest === undefined)
    throw new SessionError('unauthenticated', 'Cookies are needed to tell visitors apart.')
  return guest
}

/** Who asks: the operator, or the guest of the cookie. @throws `unauthenticated` */
export function identify(caller: Caller): Identity {
  return isOperator(caller) ? { tenantId, roles: ['admin'] } : identityOf(guestOf(caller))
}

/** Whether the request carries `ADMIN_TOKEN`, as a bearer token; nobody does where there is none. */
export function isOperator({ headers }: Caller): boolean {
  const admin = process.env['ADMIN_TOKEN']
  const given = /^bearer (.+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  // Of digests, so that neither the time it takes nor the length tells anything.
  return Boolean(admin) && given !== undefined && timingSafeEqual(digest(admin!), digest(given))
}

function cookiesOf(headers: Pick<Headers, 'get'>, name: string): string[] {
  return (headers.get('cookie') ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
