import { sessionsProxy } from '@sessions/next/proxy'

export const proxy = sessionsProxy({
  credentialSecrets: ['a secret that only this project knows'],
  redirect: ({ nextUrl }) => (nextUrl.pathname === '/closed' ? '/start' : undefined),
})
