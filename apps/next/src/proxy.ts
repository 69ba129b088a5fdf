import { randomBytes } from 'node:crypto'
import { type NextRequest, NextResponse } from 'next/server'
import {
  guestCookieOf,
  guestCookieOptions,
  isSecure,
  newGuest,
  readGuest,
  toGuestToken,
} from './server/guest.ts'

/** Gives every visitor a signed name, and every page a policy that allows the chat's own scripts alone. */
export function proxy(request: NextRequest): NextResponse {
  const headers = new Headers(request.headers)
  const policy = contentPolicy(randomBytes(16).toString('base64'))
  // Next reads the nonce from here, and sets it on its scripts.
  headers.set('Content-Security-Policy', policy)
  const guestCookie = guestCookieOf(headers)
  let token: string | undefined
  if (readGuest(request.cookies.get(guestCookie)?.value) === undefined) {
    token = toGuestToken(newGuest())
    request.cookies.set(guestCookie, token)
    headers.set('Cookie', request.cookies.toString())
  }
  const response = NextResponse.next({ request: { headers } })
  response.headers.set('Content-Security-Policy', policy)
  response.headers.set('Referrer-Policy', 'no-referrer')
  response.headers.set('X-Content-Type-Options', 'nosniff')
  if (token !== undefined) {
    response.cookies.set(guestCookie, token, guestCookieOptions(isSecure(headers)))
  }
  return response
}

export const config = { matcher: '/((?!_next/static|_next/image|favicon.ico|icon.svg|inspector(?:/|$)).*)' }

function contentPolicy(nonce: string): string {
  // In development React rebuilds stack traces with eval.
  const inDevelopment = process.env.NODE_ENV === 'development' ? " 'unsafe-eval'" : ''
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${inDevelopment}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ')
}
