import { expect, it } from 'vitest'
import { createSessions, memoryStore } from '../../../src/index.js'
import { apiFixture, ApiClient } from '../../../src/testing.js'

it('gives no session up for what is kept beside sessions', async () => {
  const evicted: string[] = []
  const store = memoryStore({ maxSessions: 50, onEvict: ({ tenantId }) => evicted.push(tenantId) })
  const api = apiFixture({ store })
  const alice = new ApiClient(
    (path, init) => api.handle(new Request(`https://api.test${path}`, init)),
    'acme/alice',
  )
  const id = await alice.newSession()
  for (let n = 0; n < 200; n++) {
    const reply = await alice.send('PUT', `/sessions/${id}/state`, {
      body: { n },
      headers: { 'idempotency-key': `k${n}` },
    })
    expect(reply.status).toBe(200)
  }
  expect((await alice.get(`/sessions/${id}`)).status).toBe(200)
  expect(evicted).toEqual([])
})

it('gives one kind of what is kept up for no other', async () => {
  const store = memoryStore({ maxSideBytes: 100_000 })
  const commit = (tenantId: string, id: string) =>
    store.commit({ tenantId, id }, { revision: 0, body: 'x'.repeat(1000) })
  await commit('~transfers:acme', 'tries')
  for (let n = 0; n < 500; n++) await commit('~requests:acme', `${n}`)
  const { items } = await store.list({ tenantId: '~requests:acme', limit: 1000 })
  expect(items.length).toBeLessThan(50)
  expect(items.length).toBeGreaterThan(30)
  expect(await store.read({ tenantId: '~transfers:acme', id: 'tries' })).toBeDefined()
  const mine = createSessions({ store }).for({ tenantId: 'acme', userId: 'alice' })
  const session = await mine.create()
  expect(await mine.find(session.id)).toBeDefined()
})
