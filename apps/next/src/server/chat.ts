import { createSessions } from '@sessions/core'
import { nextSessions } from '@sessions/next'
import { identify } from './caller.ts'
import { secrets } from './secrets.ts'
import { openStore } from './store.ts'

const dayMs = 24 * 3_600_000

/** The sessions of all visitors. */
export const chat = nextSessions({
  name: 'chat',
  async open() {
    const sessions = createSessions({
      store: await openStore(process.env),
      credentialSecrets: secrets(),
      ttl: { idleMs: 90 * dayMs, absoluteMs: 365 * dayMs },
      // After a crash in the middle of an answer, the visitor is soon told.
      turns: { leaseMs: 8000 },
      limits: { maxSessionsPerUser: 200, whenFull: 'evict' },
    })
    sessions.sweepEvery(60_000)
    return sessions
  },
  identify,
})
