import { expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../../src/index.js'
import { encryptedStore, staticKeyring } from '../../../src/sealed.js'
import { wrapStore } from '../../../src/testing/wrap-store.js'

const key = new Uint8Array(32).fill(7)
const keyring = staticKeyring({ current: 'k', keys: { k: key } })
// Of sessions that need one key, each may look for it a few times.
const mostReads = 200

/** A store whose reads take so many microtasks, and end with an error when they become too many. */
function slow(ticks: number): SessionStore {
  let reads = 0
  return wrapStore(memoryStore(), async (method, call) => {
    if (method === 'read' && ++reads > mostReads) throw new Error('it reads for ever')
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve()
    return call()
  })
}

it.each(Array.from({ length: 12 }, (_, ticks) => ticks))(
  'those who need the key of a user at the same moment all get it, at whatever moment they come: %i',
  async (ticks) => {
    for (let apart = 0; apart < 40; apart++) {
      const store = encryptedStore(slow(ticks), { keyring, indexKey: key })
      const made: Promise<unknown>[] = []
      for (let number = 0; number < 6; number++) {
        const ref = { tenantId: 'acme', id: `s${number}` }
        made.push(store.commit(ref, { revision: 0, userId: 'alice', body: '{}' }))
        for (let tick = 0; tick < apart; tick++) await Promise.resolve()
      }
      await expect(Promise.all(made)).resolves.toHaveLength(6)
    }
  },
)

it('a message that comes again is the same one, though the session was restored for another user meanwhile', async () => {
  const store = memoryStore()
  const open = () => encryptedStore(store, { keyring, indexKey: key })
  const [one, other] = [open(), open()]
  const ref = { tenantId: 'acme', id: 's' }
  const counts = { lastSeq: 0, trimmedSeq: 0, bytes: 0, createdAt: 0, updatedAt: 0, activeAt: 0 }
  await one.commit(ref, { revision: 0, incarnation: 'i', body: '{}' })
  await other.restore(ref, {
    record: { ...counts, incarnation: 'i', revision: 2, changes: 2, userId: 'alice' },
    body: '{}',
    messages: [],
  })
  const messages = [{ id: 'm', payload: 'hello' }]
  await one.commit(ref, { messages })
  const again = await other.commit(ref, { messages })
  expect(again.messages).toMatchObject([{ id: 'm', seq: 1, inserted: false }])
})
