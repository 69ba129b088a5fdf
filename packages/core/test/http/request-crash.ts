import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import { apiFixture, ApiClient, ApiDescription, type FetchLike } from '../../src/testing.js'
import { type CrashPoint, haltingStore } from '../../src/testing/halting-store.js'

const phone = { sku: 'P1', name: 'Phone', price: { amount: 100, currency: 'EUR' } }
const fetchOf = (store: SessionStore): FetchLike => {
  const api = apiFixture({ store, serviceTurns: { heartbeatMs: 3_600_000, flushMs: 3_600_000 } })
  return (path, init) => api.handle(new Request(`https://api.test${path}`, init))
}
// All of these APIs say the same of themselves.
const description = new ApiDescription(fetchOf(memoryStore()))
const clientOf = (store: SessionStore) => new ApiClient(fetchOf(store), 'acme/alice', description)

interface Attempt {
  name: string
  send: (client: ApiClient, id: string) => Promise<{ status: number }>
  /** What must be so after the retry, and after nothing else. */
  holds: (client: ApiClient, id: string) => Promise<void>
}

const keyed = { 'idempotency-key': 'attempt' }
const attempts: Attempt[] = [
  {
    name: 'create',
    send: (client) => client.post('/sessions', { title: 'T' }, keyed),
    holds: async (client) => expect((await client.get('/sessions')).body.sessions.items).toHaveLength(2),
  },
  {
    name: 'append',
    send: (client, id) =>
      client.post(`/sessions/${id}/messages`, { messages: [{ content: 'a' }, { content: 'b' }] }, keyed),
    holds: async (client, id) =>
      expect(await client.lines(id)).toEqual(['user: a (completed)', 'user: b (completed)']),
  },
  {
    name: 'cart add',
    send: (client, id) => client.post(`/sessions/${id}/cart/items`, phone, keyed),
    holds: async (client, id) =>
      expect((await client.get(`/sessions/${id}/cart`)).body.cart.itemCount).toBe(1),
  },
  {
    name: 'fork',
    send: (client, id) => client.post(`/sessions/${id}/fork`, {}, keyed),
    holds: async (client) => expect((await client.get('/sessions')).body.sessions.items).toHaveLength(2),
  },
  {
    name: 'transfer and redemption',
    send: async (client, id) => {
      const { secret } = (await client.post(`/sessions/${id}/transfer`, { mode: 'copy' }, keyed)).body
      return client.post('/transfers/redeem', { secret }, keyed)
    },
    holds: async (client) => expect((await client.get('/sessions')).body.sessions.items).toHaveLength(2),
  },
  {
    name: 'message',
    send: (client, id) => client.post(`/sessions/${id}/message`, { content: 'Hi' }, keyed),
    holds: async (client, id) =>
      expect(await client.lines(id)).toEqual(['user: Hi (completed)', 'assistant: echo: Hi (completed)']),
  },
  {
    name: 'delete',
    send: (client, id) => client.send('DELETE', `/sessions/${id}`, { headers: keyed }),
    holds: async (client) => expect((await client.get('/sessions')).body.sessions.items).toHaveLength(0),
  },
]

async function place(point?: CrashPoint) {
  let now = 1_700_000_000_000
  const shared = memoryStore({ clock: () => now })
  const survivor = clientOf(shared)
  const id = await survivor.newSession()
  const halting = haltingStore(shared, point)
  return { survivor, id, halting, doomed: clientOf(halting.store), pass: (ms: number) => (now += ms) }
}

/** Has a process die at each call of its store, in requests of these names. */
export function testCrashes(...names: string[]): void {
  describe.each(attempts.filter(({ name }) => names.includes(name)))(
    'a process that dies in a keyed request: $name',
    ({ send, holds }) => {
      it('at any call of its store: the same request again converges', async () => {
        const probe = await place()
        await send(probe.doomed, probe.id)
        const last = probe.halting.calls()
        expect(last).toBeGreaterThan(2)
        for (let call = 1; call <= last; call++) {
          for (const when of ['before', 'after'] as const) {
            const { survivor, id, halting, doomed, pass } = await place({ call, when })
            const dying = send(doomed, id)
            await Promise.race([halting.died, dying])
            pass(31_000)
            const again = await send(survivor, id)
            expect(again.status, `${when} call ${call}`).toBeLessThan(300)
            await holds(survivor, id)
          }
        }
      })
    },
  )
}
