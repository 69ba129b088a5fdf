import { createSessions, memoryStore, type SessionStore, type TurnEvent } from '../../src/index.js'
import { haltingStore } from '../../src/testing/halting-store.js'
import { alice } from '../service.js'

export const turns = { flushMs: 5, heartbeatMs: 10, leaseMs: 30_000 }

/** Two processes over one store, whose clock the test moves; the first one may be killed. */
export async function place() {
  let now = 1_700_000_000_000
  const store = memoryStore({ clock: () => now })
  const { store: dying, kill } = haltingStore(store)
  const open = (over: SessionStore) =>
    createSessions({ store: over, turns, onWarning: () => {} })
      .for(alice)
      .open('one')
  const [one, two] = [await open(dying), await open(store)]
  const logged = async (turnId: string) =>
    (
      await store.messages({ tenantId: '~turns:acme', id: turnId }, { after: 0, limit: 100 })
    ).messages.flatMap(({ payload }) => JSON.parse(payload) as TurnEvent[])
  return { store, one, two, kill, open, logged, pass: (ms: number) => void (now += ms) }
}
