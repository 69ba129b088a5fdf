import { expect, it, vi } from 'vitest'
import { digestOf } from '../../src/digest.js'
import { executeOnce } from '../../src/http/idempotency.js'
import { memoryStore } from '../../src/index.js'
import { createService } from '../../src/service/service.js'
import { apiFixture, ApiClient } from '../../src/testing.js'
import type { ApiFixtureOptions } from '../../src/testing/api-fixture.js'
import { startGate } from '../service.js'

const keyed = (key: string) => ({ 'idempotency-key': key })
const longKey = () => crypto.randomUUID()

function open(options: ApiFixtureOptions = {}) {
  const api = apiFixture(options)
  return (token?: string) =>
    new ApiClient((path, init) => api.handle(new Request(`https://api.test${path}`, init)), token)
}

it.each(['undefined', 'null', 'a.b.c.d', '[object Object]'])(
  'takes X-Session-Id: %s for no scope: two visitors with one short key never share a session',
  async (claimed) => {
    const nobody = open()()
    for (const held of [{ 'x-session-id': claimed }, { cookie: `__Host-sessions=${claimed}` }]) {
      const headers = { 'sec-fetch-site': 'same-origin', ...held }
      const made = await nobody.post('/sessions', {}, { ...keyed('1'), ...headers })
      expect(made).toMatchObject({ status: 400, body: { path: 'Idempotency-Key' } })
      expect(made.headers.get('x-session-id')).toBeNull()
      expect(made.headers.getSetCookie()).toEqual([])
      expect((await nobody.post('/sessions', {}, { ...keyed(longKey()), ...headers })).status).toBe(201)
    }
  },
)

it('takes a credential that opens nothing any more for no scope, and one that does for one', async () => {
  const as = open()
  const made = await as().post('/sessions', {})
  const id = made.body.session.id as string
  const old = { 'x-session-id': made.headers.get('x-session-id')! }
  const first = await as().post('/sessions', {}, { ...keyed('short'), ...old })
  expect(first.status).toBe(201)
  expect((await as().post('/sessions', {}, { ...keyed('short'), ...old })).body).toEqual(first.body)
  expect((await as('public/alice').post(`/sessions/${id}/bind`, undefined, old)).status).toBe(200)
  // The answer to the holder of the credential is not given to a caller who finds the credential later.
  const again = await as().post('/sessions', {}, { ...keyed('short'), ...old })
  expect(again).toMatchObject({ status: 400, body: { path: 'Idempotency-Key' } })
  expect(again.headers.get('x-session-id')).toBeNull()
})

it('keeps nothing of a keyed request that was refused, and says the same each time', async () => {
  const store = memoryStore()
  const as = open({ store })
  const [alice, bob] = [as('acme/alice'), as('acme/bob')]
  const id = await alice.newSession()
  const kept = async () => (await store.list({ tenantId: '~requests:acme', limit: 100 })).items.length
  const requests: [ApiClient, string, string, unknown, number][] = [
    [bob, 'POST', `/sessions/${id}/messages`, { messages: [{ content: 'x' }] }, 404],
    [bob, 'DELETE', `/sessions/${id}`, undefined, 404],
    [bob, 'PUT', '/sessions/nothing/state', { a: 1 }, 404],
    [alice, 'POST', `/sessions/${id}/messages`, { messages: [] }, 400],
    [alice, 'POST', `/sessions/${id}/messages`, { messages: [{ role: 'system', content: 'x' }] }, 422],
    [alice, 'POST', `/sessions/${id}/cart/checkout`, undefined, 400],
    [alice, 'POST', '/sessions', { tenantId: 'other' }, 422],
    [alice, 'POST', '/transfers/redeem', { secret: 'x'.repeat(43) }, 404],
  ]
  for (const [who, method, path, body, status] of requests) {
    for (let round = 0; round < 2; round++) {
      const reply = await who.send(method, path, {
        headers: keyed('k'),
        ...(body === undefined ? {} : { body }),
      })
      expect(reply.status, `${method} ${path}`).toBe(status)
      expect(reply.headers.get('idempotency-replayed'), `${method} ${path}`).toBeNull()
    }
    expect(await kept(), `${method} ${path}`).toBe(0)
  }
  await alice.send('DELETE', `/sessions/${id}`)
  // No answer of before tells that the owner has deleted it.
  const gone = await bob.send('DELETE', `/sessions/${id}`, { headers: keyed('k') })
  expect(gone.status).toBe(404)
})

it('keeps an answer as far as its bytes go, and has a repeat of a larger one happen once all the same', async () => {
  const store = memoryStore()
  const client = open({ store, compat: 'unified-llm-client-0.1' })('acme/alice')
  const messages = Array.from({ length: 15 }, (_, index) => ({ content: `${index} ${'x'.repeat(60_000)}` }))
  const make = () => client.post('/sessions', { messages }, keyed('large'))
  const [first, again] = [await make(), await make()]
  expect(again.status).toBe(201)
  expect(again.body.session.id).toBe(first.body.session.id)
  expect((await client.get('/sessions')).body.sessions.items).toHaveLength(1)
  const { items } = await store.list({ tenantId: '~requests:acme', limit: 10 })
  for (const { tenantId, id } of items) {
    expect((await store.read({ tenantId, id }))!.body.length).toBeLessThan(300_000)
  }
})

it('asks the limiter of misses with a key as without', async () => {
  let misses = 0
  const missLimiter = {
    consume: () => {
      const room = { remainingPoints: 0, msBeforeNext: 1000 }
      return ++misses > 3 ? Promise.reject(room) : Promise.resolve(room)
    },
  }
  const alice = open({ missLimiter })('acme/alice')
  const statuses = []
  for (let n = 0; n < 5; n++) {
    const path = n % 2 === 0 ? `/sessions/none-${n}/state` : '/transfers/redeem'
    const [method, body] =
      n % 2 === 0 ? (['PUT', { n }] as const) : (['POST', { secret: `${n}`.repeat(43) }] as const)
    statuses.push((await alice.send(method, path, { body, headers: keyed(`k${n}`) })).status)
  }
  expect(statuses).toEqual([404, 404, 404, 429, 429])
})

it('waits for a body only once it is known whose session it is for', async () => {
  const api = apiFixture()
  const send = (path: string, key?: string) => {
    // Its sender never sends.
    const body = new ReadableStream<Uint8Array>({ pull: async () => new Promise(() => {}) })
    const headers = {
      authorization: 'Bearer acme/alice',
      'content-type': 'application/json',
      ...(key === undefined ? {} : keyed(key)),
    }
    const init = { method: 'PUT', headers, body, duplex: 'half' as const }
    return api.handle(new Request(`https://api.test${path}`, init))
  }
  expect((await send('/sessions/none/state')).status).toBe(404)
  expect((await send('/sessions/none/state', 'k')).status).toBe(404)
})

it('answers an upload that breaks off, and tells nobody of a fault of ours', async () => {
  const errors: unknown[] = []
  const api = apiFixture({ onError: (error) => errors.push(error) })
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error('aborted'))
    },
  })
  const headers = { authorization: 'Bearer acme/alice', 'content-type': 'application/json' }
  const response = await api.handle(
    new Request('https://api.test/sessions', {
      method: 'POST',
      headers,
      body,
      duplex: 'half' as const,
    }),
  )
  expect(response.status).toBe(400)
  expect(errors).toEqual([])
})

it('keeps no answer about a session that is deleted, however many there are', async () => {
  const store = memoryStore()
  const as = open({ store })
  const alice = as('acme/alice')
  const [gone, stays] = [await alice.newSession(), await alice.newSession()]
  const kept = async () => (await store.list({ tenantId: '~requests:acme', limit: 1000 })).items.length
  // More than a page of a list.
  for (let count = 0; count < 205; count++) {
    const request = { headers: keyed(`k${count}`), body: { count } }
    expect((await alice.send('PUT', `/sessions/${gone}/state`, request)).status).toBe(200)
  }
  await alice.send('PUT', `/sessions/${stays}/state`, { headers: keyed('k'), body: { count: 0 } })
  expect(await kept()).toBe(206)
  expect((await alice.send('DELETE', `/sessions/${gone}`)).status).toBe(200)
  expect(await kept()).toBe(1)
})

it('keeps no plain digest of what holds a secret: short codes could be tried on it', async () => {
  const store = memoryStore()
  const as = open({ store })
  const alice = as('acme/alice')
  const id = await alice.newSession()
  const started = await alice.post(`/sessions/${id}/transfer`, { mode: 'share' })
  const body = JSON.stringify({ shortCode: started.body.shortCode, redemptionId: longKey() })
  const headers = keyed(longKey())
  expect((await alice.send('POST', '/transfers/redeem', { headers, body })).status).toBe(200)
  const [item, ...others] = (await store.list({ tenantId: '~requests:acme', limit: 10 })).items
  expect(others).toEqual([])
  const { content } = JSON.parse((await store.read(item!))!.body) as { content: string }
  expect(content).toHaveLength(43)
  expect(content).not.toBe(await digestOf(JSON.stringify([body, ''])))
})

it('is executed once, however long it takes: its process says all the while that it lives', async () => {
  const service = createService({})
  const gate = startGate()
  const began = startGate()
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const reply = executeOnce({
      service,
      tenantId: 'acme',
      scope: 'a request',
      key: longKey(),
      content: '',
      about: {},
      keepMs: 60_000,
      async execute() {
        began.open()
        await gate.opened
        return new Response('done')
      },
    })
    await began.opened
    const changes = async () =>
      (await service.store.list({ tenantId: '~requests:acme', limit: 1 })).items[0]!.changes
    const before = await changes()
    // Another process takes the request over after thirty seconds without a word.
    vi.advanceTimersByTime(30_000)
    expect((await changes()) - before).toBeGreaterThanOrEqual(3)
    gate.open()
    expect(await (await reply).text()).toBe('done')
    const after = await changes()
    vi.advanceTimersByTime(60_000)
    expect(await changes()).toBe(after)
  } finally {
    vi.useRealTimers()
  }
})

it('takes a key in quotes, or with blanks around it, for the same key', async () => {
  const alice = open()('acme/alice')
  const replies = []
  for (const key of ['k', '"k"', '  k '])
    replies.push(await alice.post('/sessions', { title: 'one' }, keyed(key)))
  expect(replies.map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true', 'true'])
  expect(new Set(replies.map(({ body }) => body.session.id as string)).size).toBe(1)
  const others = ['"k', 'k"', 'K', '""k""', 'x"k"', '"k"x']
  for (const key of others) {
    const reply = await alice.post('/sessions', { title: 'one' }, keyed(key))
    expect([reply.status, reply.headers.get('idempotency-replayed')], key).toEqual([201, null])
  }
})

it.each([
  ['nothing', '""', 400],
  ['a blank', 'a b', 400],
  ['a letter with a mark', 'é', 400],
  ['one character', '!', 201],
  ['255 characters', '~'.repeat(255), 201],
  ['256 characters', '~'.repeat(256), 400],
])('takes a key of visible characters: %s', async (_, key, status) => {
  const alice = open()('acme/alice')
  const reply = await alice.post('/sessions', {}, keyed(key))
  expect(reply.status).toBe(status)
  const said = { path: 'Idempotency-Key', detail: expect.stringContaining('1 to 255 visible characters') }
  if (status === 400) expect(reply.body).toMatchObject(said)
  // Who only reads needs no key, and may send any.
  expect((await alice.send('GET', '/sessions', { headers: keyed(key) })).status).toBe(200)
})

it('wants a key that nobody can guess of who has no session, and tells of one that is missing before', async () => {
  const nobody = open()()
  const short = await nobody.post('/sessions', {}, keyed('x'.repeat(31)))
  expect(short).toMatchObject({
    status: 400,
    body: { path: 'Idempotency-Key', detail: expect.stringContaining('32 characters') },
  })
  const made = [1, 2].map(() => nobody.post('/sessions', {}, keyed('x'.repeat(32))))
  const [one, two] = await Promise.all(made)
  expect([one!.status, two!.status, two!.body.session.id]).toEqual([201, 201, one!.body.session.id])
  for (const key of ['x', 'x'.repeat(32)])
    expect((await nobody.send('DELETE', '/sessions/nothing', { headers: keyed(key) })).status).toBe(404)
})

it('executes one key of two users twice, and one key on two routes twice', async () => {
  const as = open()
  const [alice, bob] = [as('acme/alice'), as('acme/bob')]
  const made = [
    await alice.post('/sessions', {}, keyed('k')),
    await bob.post('/sessions', {}, keyed('k')),
    await as('other/alice').post('/sessions', {}, keyed('k')),
  ]
  expect(new Set(made.map(({ body }) => body.session.id as string)).size).toBe(3)
  const { id } = made[0]!.body.session
  for (const path of ['state', 'preferences']) {
    const reply = await alice.send('PATCH', `/sessions/${id}/${path}`, {
      headers: keyed('k'),
      body: { a: 1 },
    })
    expect([reply.status, reply.headers.get('idempotency-replayed')], path).toEqual([200, null])
  }
})
