import { sessionsProxy } from '@sessions/next/proxy'
import type { NextRequest } from 'next/server'

export const proxy = sessionsProxy({
  credentialSecrets: (process.env['SESSION_SECRETS'] ?? 'a secret of the tests that nobody knows').split(','),
  cookie: { secure: false },
  redirect: ({ nextUrl }: NextRequest) => (nextUrl.pathname === '/members' ? '/' : undefined),
})

export const config = { matcher: '/((?!_next/|api/).*)' }
