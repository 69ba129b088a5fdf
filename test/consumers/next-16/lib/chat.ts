import { createSessions } from '@sessions/core'
import { guests } from '@sessions/core/http'
import { nextSessions } from '@sessions/next'

export const credentialSecrets = ['a secret that only this project knows']

// The check speaks plain HTTP to an application in production.
const cookie = { secure: false }

export const chat = nextSessions({
  open: () => createSessions({ credentialSecrets, onWarning: () => {} }),
  identify: () => ({ tenantId: 'acme' }),
  guests: guests({ secrets: credentialSecrets, cookie }),
  cookie,
})
