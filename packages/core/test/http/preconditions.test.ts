import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import type { SessionRef } from '../../src/store.js'
import { apiFixture, ApiClient } from '../../src/testing.js'

const phone = { sku: 'P1', name: 'Phone', price: { amount: 100, currency: 'EUR' } }
const api = apiFixture()
const clientOf = ({ handle }: Pick<typeof api, 'handle'>) =>
  new ApiClient((path, init) => handle(new Request(`https://api.test${path}`, init)), 'acme/alice')
const client = clientOf(api)

const changes: [operation: string, method: string, path: string, body?: unknown][] = [
  ['editSession', 'PATCH', '', { title: 'T' }],
  ['deleteSession', 'DELETE', ''],
  ['appendMessages', 'POST', '/messages', { messages: [{ content: 'x' }] }],
  ['sendMessage', 'POST', '/message', { content: 'x' }],
  ['cancelTurn', 'POST', '/cancel'],
  ['resetSession', 'POST', '/reset'],
  ['compactSession', 'POST', '/compact', {}],
  ['rewindSession', 'POST', '/rewind', { toSeq: 1 }],
  ['forkSession', 'POST', '/fork', {}],
  ['replaceState', 'PUT', '/state', { a: 1 }],
  ['mergeState', 'PATCH', '/state', { a: 1 }],
  ['mergePreferences', 'PATCH', '/preferences', { a: 1 }],
  ['addCartItem', 'POST', '/cart/items', phone],
  ['clearCart', 'DELETE', '/cart'],
  ['checkOut', 'POST', '/cart/checkout'],
  ['startTransfer', 'POST', '/transfer', { mode: 'share' }],
]

async function place() {
  const id = await client.newSession({ messages: [{ content: 'one' }], cart: [phone] })
  const old = (await client.get(`/sessions/${id}`)).headers.get('etag')!
  await client.send('PATCH', `/sessions/${id}/state`, { body: { changed: true } })
  const now = (await client.get(`/sessions/${id}`)).headers.get('etag')!
  return { id, old, now }
}

describe.each(changes)('%s', (_, method, path, body) => {
  const send = (id: string, headers: Record<string, string>) =>
    client.send(method, `/sessions/${id}${path}`, { headers, ...(body === undefined ? {} : { body }) })

  it.each([[{}], [{ 'idempotency-key': 'k' }]])('with If-Match on what was, and %j', async (key) => {
    const { id, old, now } = await place()
    const everything = async () => [
      (await client.get(`/sessions/${id}?include=messages`)).body,
      (await client.get(`/sessions/${id}/cart`)).body,
      (await client.get(`/sessions/${id}/transfers`)).body,
    ]
    const before = await everything()
    const refused = await send(id, { 'if-match': old, ...key })
    expect(refused.status).toBe(412)
    expect(await everything()).toEqual(before)
    const done = await send(id, { 'if-match': now, ...key })
    expect(done.status).toBeLessThan(300)
    if (!('idempotency-key' in key)) return
    const again = await send(id, { 'if-match': now, ...key })
    expect(again.status).toBe(done.status)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
  })
})

it.each([
  ['nginx', (tag: string) => `W/${tag}`],
  ['Apache', (tag: string) => tag.replace(/"$/, '-gzip"')],
])('knows the tag as %s sends it with a compressed answer', async (_, compressed) => {
  for (const [operation, method, path, body] of changes) {
    const { id, old, now } = await place()
    const send = async (tag: string) => {
      const headers = { 'if-match': compressed(tag) }
      const reply = await client.send(method, `/sessions/${id}${path}`, {
        headers,
        ...(body === undefined ? {} : { body }),
      })
      return reply.status
    }
    expect(await send(old), operation).toBe(412)
    expect(await send(now), operation).toBeLessThan(300)
  }
})

it('appends once for one tag, however many ask at the same moment', async () => {
  const store = memoryStore()
  const [one, other] = [0, 1].map(() => clientOf(apiFixture({ store })))
  const id = await one!.newSession({ messages: [{ content: 'one' }] })
  const tag = (await one!.get(`/sessions/${id}`)).headers.get('etag')!
  const append = async (by: ApiClient, content: string, headers: Record<string, string> = {}) =>
    by.send('POST', `/sessions/${id}/messages`, { body: { messages: [{ content }] }, headers })
  const asked = await Promise.all(
    [one, other, one, other].map((by, index) => append(by!, `at ${index}`, { 'if-match': tag })),
  )
  expect(asked.map(({ status }) => status).toSorted()).toEqual([201, 412, 412, 412])
  const won = asked.find(({ status }) => status === 201)!
  const next = won.headers.get('etag')!
  expect((await append(one!, 'behind it', { 'if-match': next })).status).toBe(201)
  const { items } = (await one!.get(`/sessions/${id}/messages`)).body.messages
  expect(items).toHaveLength(3)
})

describe('between the look at a tag and the write', () => {
  /** A session, its tag, and a client before whose next write another one says something. */
  async function raced() {
    const store = memoryStore()
    const other = clientOf(apiFixture({ store }))
    const id = await other.newSession({ messages: [{ content: 'one' }] })
    const tag = (await other.get(`/sessions/${id}`)).headers.get('etag')!
    const say = (by: ApiClient, content: string, headers: Record<string, string> = {}) =>
      by.send('POST', `/sessions/${id}/messages`, { body: { messages: [{ content }] }, headers })
    let isFirst = true
    const before = async (ref: SessionRef): Promise<void> => {
      if (ref.id !== id || !isFirst) return
      isFirst = false
      await say(other, 'faster')
    }
    const late: SessionStore = {
      ...store,
      async commit(ref, change) {
        await before(ref)
        return store.commit(ref, change)
      },
      async remove(ref, guard) {
        await before(ref)
        return store.remove(ref, guard)
      },
    }
    const said = async () => {
      const { messages } = (await other.get(`/sessions/${id}/messages`)).body
      return messages.items.map(({ content }: { content: string }) => content)
    }
    return { client: clientOf(apiFixture({ store: late })), id, tag: { 'if-match': tag }, say, said }
  }
  const refused = { status: 412, body: { code: 'precondition_failed' } }

  it('nothing is appended behind what was said', async () => {
    const { client: one, tag, say, said } = await raced()
    expect(await say(one, 'late', tag)).toMatchObject(refused)
    expect(await said()).toEqual(['one', 'faster'])
  })

  it('nothing is deleted that the client has not seen', async () => {
    const { client: one, id, tag, said } = await raced()
    expect(await one.send('DELETE', `/sessions/${id}`, { headers: tag })).toMatchObject(refused)
    expect(await said()).toEqual(['one', 'faster'])
    const now = (await one.get(`/sessions/${id}`)).headers.get('etag')!
    const deleted = await one.send('DELETE', `/sessions/${id}`, { headers: { 'if-match': now } })
    expect([deleted.status, (await one.get(`/sessions/${id}`)).status]).toEqual([200, 404])
  })
})

it('refuses the tag of a session that was deleted and made anew', async () => {
  const { id, now } = await place()
  for (const [, method, path, body] of changes) {
    const reply = await client.send(method, `/sessions/${id}${path}`, {
      headers: { 'if-match': now.replace(/-\w+"/, '-0"') },
      ...(body === undefined ? {} : { body }),
    })
    expect(reply.status, `${method} ${path}`).toBe(412)
  }
})

it.each(['tenantId=other', 'model=gpt', 'direction=backward', 'Limit=5', '__proto__=1'])(
  'refuses a query that it does not know: %s',
  async (query) => {
    const id = await client.newSession()
    for (const path of ['/sessions', `/sessions/${id}`, `/sessions/${id}/cart`, `/sessions/${id}/info`]) {
      const reply = await client.get(`${path}?${query}`)
      expect(reply.status, path).toBe(400)
      expect(reply.body.path).toBe(query.split('=')[0])
    }
    const made = await client.post(`/sessions?${query}`, {})
    expect(made.status).toBe(400)
  },
)

it('refuses a parameter that is said twice', async () => {
  const reply = await client.get('/sessions?label=a&label=b')
  expect(reply).toMatchObject({ status: 400, body: { path: 'label' } })
})
