import { randomBytes } from 'node:crypto'
import { sign, verify } from './secrets.ts'

/** A visitor is an anonymous guest, and stays the same guest for a year. */
const guestCookie = 'chat_guest'
const yearSeconds = 365 * 24 * 3600

export function newGuest(): string {
  return randomBytes(16).toString('base64url')
}

/** The name of the device that a guest began on; each later one has a name of its own. */
export const firstDevice = 'first'

/** The content of the cookie. */
export function toGuestToken(guest: string, device: string = firstDevice): string {
  return sign('guest', device === firstDevice ? guest : `${guest}~${device}`)
}

/** The guest of a cookie, if this application signed it. */
export function readGuest(token: string | undefined): string | undefined {
  return token === undefined ? undefined : verify('guest', token)?.split('~')[0]
}

/** The device of a cookie, if this application signed it. */
export function readDevice(token: string): string | undefined {
  const signed = verify('guest', token)
  return signed === undefined ? undefined : (signed.split('~')[1] ?? firstDevice)
}

/** Whether the request came over TLS, as the first of several proxies saw it; Next itself says so where there is none. */
export function isSecure(headers: Pick<Headers, 'get'>): boolean {
  return headers.get('x-forwarded-proto')?.split(',')[0]?.trim() === 'https'
}

/** The name of the cookie. Over TLS it is one that no sibling subdomain can set. */
export function guestCookieOf(headers: Pick<Headers, 'get'>): string {
  return isSecure(headers) ? `__Host-${guestCookie}` : guestCookie
}

export function guestCookieOptions(isSecure: boolean) {
  return { httpOnly: true, sameSite: 'lax', secure: isSecure, path: '/', maxAge: yearSeconds } as const
}

/**
 * An invitation: names a guest to another device. Its signature is for one secret of a transfer, so it is worth as much
 * and as long as that: it opens nothing by itself, and only a device that redeems the transfer becomes the guest.
 */
export function toInvitation(guest: string, secret: string): string {
  return sign(`invitation ${secret}`, guest)
}

/** The guest of an invitation that goes with this secret. */
export function readInvitation(invitation: string, secret: string): string | undefined {
  return verify(`invitation ${secret}`, invitation)
}
