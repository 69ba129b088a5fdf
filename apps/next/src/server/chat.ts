import { createSessions, type Sessions } from '@sessions/core'
import { nextSessions } from '@sessions/next'
import { identify, tenantId } from './caller.ts'
import { keeping } from './keeping.ts'
import { secrets } from './secrets.ts'
import { openStore } from './store.ts'

// The one place that all bundles of an application share, and the process that serves it.
const shared = globalThis as { chatStore?: ReturnType<typeof openStore>; chatSessions?: Sessions }

/** What the sessions are kept in, once they were asked for. */
export const openedStore = () => shared.chatStore

/** The sessions of all visitors. */
export const chat = nextSessions({
  name: 'chat',
  async open() {
    const sessions = createSessions({
      ...(await (shared.chatStore = openStore(process.env))),
      credentialSecrets: secrets(),
      ttl: keeping.conversations,
      retention: { cartMs: keeping.cartMs, auditMs: keeping.earlierDecisionsMs, usageMs: keeping.usageMs },
      consent: {},
      usage: {},
      privacy: { fenceMs: keeping.fenceMs },
      // After a crash in the middle of an answer, the visitor is soon told.
      turns: { leaseMs: 8000 },
      limits: { maxSessionsPerUser: 200, whenFull: 'evict' },
    })
    sessions.sweepEvery(60_000, () => [tenantId])
    // Who serves the application closes them before it ends.
    return (shared.chatSessions = sessions)
  },
  identify,
})
