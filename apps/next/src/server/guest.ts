import { randomBytes } from 'node:crypto'
import { sign, verify } from './secrets.ts'

/** Who visits is nobody in particular, and stays the same nobody for a year. */
export const guestCookie = 'chat_guest'
const yearSeconds = 365 * 24 * 3600

export function newGuest(): string {
  return randomBytes(16).toString('base64url')
}

/** What the cookie carries. */
export function toGuestToken(guest: string): string {
  return sign('guest', guest)
}

/** The guest of a cookie, if we gave it. */
export function readGuest(token: string | undefined): string | undefined {
  return token === undefined ? undefined : verify('guest', token)
}

export function guestCookieOptions(isSecure: boolean) {
  return { httpOnly: true, sameSite: 'lax', secure: isSecure, path: '/', maxAge: yearSeconds } as const
}

/**
 * Names a guest to another device for a while. It opens nothing by itself: only who redeems a transfer of that guest's
 * with it becomes them.
 */
export function toInvitation(guest: string, expiresAt: number): string {
  return sign('invitation', `${guest}.${expiresAt.toString(36)}`)
}

/** The guest of an invitation that is still good. */
export function readInvitation(invitation: string): string | undefined {
  const [guest, expiresAt] = verify('invitation', invitation)?.split('.') ?? []
  if (guest === undefined || expiresAt === undefined) return undefined
  return Number.parseInt(expiresAt, 36) > Date.now() ? guest : undefined
}
