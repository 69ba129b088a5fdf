import { createSessions } from '@sessions/core'
import { guests } from '@sessions/core/http'
import { nextSessions } from '@sessions/next'
import { credentialSecrets } from './chat'
import { openStore } from './store'

/** As `chat`, but visitors without an account are guests with sessions of their own. */
export const visitors = nextSessions({
  name: 'visitors',
  open: async () =>
    createSessions({ store: await openStore('visitors'), credentialSecrets: credentialSecrets() }),
  identify: ({ cookies }) => {
    const user = cookies.get('user')?.value
    return { tenantId: 'acme', ...(user ? { userId: user } : {}) }
  },
  guests: guests({ secrets: credentialSecrets(), cookie: { secure: false } }),
  cookie: { secure: false },
})
