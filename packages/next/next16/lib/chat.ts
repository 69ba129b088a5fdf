import { createSessions } from '@sessions/core'
import { nextSessions } from '@sessions/next'
import { openStore } from './store'

/** A visitor who says so is a user: what a real application would verify. */
export const chat = nextSessions({
  open: async () =>
    createSessions({
      store: await openStore('chat'),
      credentialSecrets: credentialSecrets(),
      // The last that is heard of a process that ends.
      onEvent: ({ type }) => type === 'turn.completed' && console.log(type),
    }),
  identify: ({ cookies }) => {
    const user = cookies.get('user')?.value
    return { tenantId: 'acme', ...(user ? { userId: user } : {}) }
  },
  // The tests speak plain HTTP to an application in production.
  cookie: { secure: false },
  header: true,
})

export function credentialSecrets(): string[] {
  return (process.env['SESSION_SECRETS'] ?? 'a secret of the tests that nobody knows').split(',')
}
