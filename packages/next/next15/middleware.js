import { sessionsProxy } from '@sessions/next/proxy'

export const middleware = sessionsProxy({
  credentialSecrets: (process.env['SESSION_SECRETS'] ?? 'a secret of the tests that nobody knows').split(','),
  cookie: { secure: false },
  redirect: ({ nextUrl }) => (nextUrl.pathname === '/members' ? '/' : undefined),
})

export const config = { matcher: '/((?!_next/|api/).*)' }
