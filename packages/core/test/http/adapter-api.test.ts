import { expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { SessionApiOptions } from '../../src/http.js'
import { createSessions, memoryStore, type Respond } from '../../src/index.js'
import { type AdapterRoute, createAdapterApi } from '../../src/node.js'

const asking = (path: string, operation: string): AdapterRoute => ({
  method: 'POST',
  path,
  operation,
  summary: 'Asks',
  body: z.object({ text: z.string(), tone: z.string().optional() }),
  streams: true,
  async handle(call) {
    const { text } = call.body as { text: string }
    const session = await call.open(call.params['id'] ?? call.params['chat']!, !text.endsWith('?'))
    const parts = text === 'a chart' ? [{ type: 'data-chart', points: 3 }] : [{ type: 'text', text }]
    const said = call.check({ role: 'user', content: parts }, ['data-chart'])
    return call.stream(session, async () => {
      const events = await call.turn(session, said)
      return (async function* () {
        for await (const event of events) yield { data: event }
      })()
    })
  },
})
// The session of an `id` has to be there.
const routes = [asking('/notes/{id}', 'ask'), asking('/chats/{chat}', 'askChat')]

function apiOf(more: Partial<SessionApiOptions> = {}) {
  const store = memoryStore()
  const sessions = createSessions({
    store,
    credentialSecrets: ['a secret that only these tests know'],
    onWarning: () => {},
  })
  const respond: Respond = ({ options }) => JSON.stringify(options)
  const options = {
    sessions,
    identify: ({ headers }: Request) => ({ tenantId: 'acme', userId: headers.get('user') ?? 'alice' }),
    respond,
    clientOptions: ['tone', 'mood'],
    ...more,
  }
  return { sessions, store, api: createAdapterApi(options, ['notes', 'chats'], routes, z.object({})) }
}

const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  new Request(`https://shop.example${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

it('answers the routes of an adapter, as the session API answers its own', async () => {
  const { sessions, api } = apiOf()
  const { id } = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create()
  const response = await api.handle(post(`/notes/${id}`, { text: 'Hi', tone: 'warm' }))
  expect(response.headers.get('Content-Type')).toContain('text/event-stream')
  const text = await response.text()
  expect(text).toContain('data: {"n":1,"type":"started"')
  expect(text).toContain('{\\"tone\\":\\"warm\\"}')
  expect(text).not.toContain('\nevent:')
  expect(api.owns('/notes/x')).toBe(true)
  expect(api.owns('/sessions')).toBe(false)
})

it('refuses what the session API refuses', async () => {
  const { sessions, api } = apiOf()
  const { id } = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create()
  const statusOf = async (request: Request) => (await api.handle(request)).status
  expect(await statusOf(post(`/notes/${id}`, { text: 1 }))).toBe(400)
  expect(await statusOf(post(`/notes/${id}`, { text: 'Hi' }, { user: 'mallory' }))).toBe(404)
  expect(await statusOf(post(`/notes/${id}`, { text: 'Hi' }, { 'Sec-Fetch-Site': 'cross-site' }))).toBe(403)
  expect(await statusOf(new Request(`https://shop.example/notes/${id}`))).toBe(405)
  expect(await statusOf(new Request('https://shop.example/sessions'))).toBe(404)
})

it('opens the session of this id, or makes it where the route says so', async () => {
  const { sessions, api } = apiOf()
  const textOf = async (text: string, user: string) => {
    const response = await api.handle(post('/chats/the-chat', { text }, { user }))
    return [response.status, (await response.text()).includes('"type":"completed"')]
  }
  expect(await textOf('Is it there?', 'alice')).toEqual([404, false])
  expect(await textOf('Make it', 'alice')).toEqual([200, true])
  expect(await textOf('Is it there?', 'alice')).toEqual([200, true])
  // To somebody else it is no more there than before, and it cannot be made again.
  expect(await textOf('Is it there?', 'mallory')).toEqual([404, false])
  expect(await textOf('Make it', 'mallory')).toEqual([404, false])
  const session = await sessions.for({ tenantId: 'acme', userId: 'alice' }).get('the-chat')
  expect(await session.allMessages()).toHaveLength(4)
})

it('makes none for a store that does not say whether it is there', async () => {
  const { store, api } = apiOf({ onError: () => {} })
  const read = store.read.bind(store)
  let isAway = true
  store.read = async (ref, options) => {
    if (ref.id !== 'the-chat' || !isAway) return read(ref, options)
    isAway = false
    throw new Error('no answer')
  }
  expect((await api.handle(post('/chats/the-chat', { text: 'Make it' }))).status).toBe(500)
  expect(await read({ tenantId: 'acme', id: 'the-chat' })).toBeUndefined()
})

it('hands a session that it makes to whom nobody knows, and makes none where it cannot', async () => {
  const { store, api } = apiOf({ identify: () => ({ tenantId: 'acme' }), header: true })
  const made = await api.handle(post('/chats/of-nobody', { text: 'Make it' }))
  await made.text()
  const cookie = made.headers.getSetCookie()[0]!.split(';')[0]!
  const again = await api.handle(
    post('/chats/of-nobody', { text: 'Again?' }, { cookie, 'sec-fetch-site': 'same-origin' }),
  )
  expect([made.status, again.status]).toEqual([200, 200])
  expect(await again.text()).toContain('"type":"completed"')
  const other = post('/chats/another', { text: 'Make it' }, { origin: 'https://elsewhere.example' })
  expect((await api.handle(other)).status).toBe(403)
  expect(await store.read({ tenantId: 'acme', id: 'another' })).toBeUndefined()
})

it('hands no credential to a user, whose name opens the session, whatever the answer can carry', async () => {
  vi.stubEnv('NODE_ENV', 'production')
  const { store, api } = apiOf({
    identify: ({ headers }) => {
      const userId = headers.get('user')
      return { tenantId: 'acme', ...(userId === null ? {} : { userId }) }
    },
    onError: () => {},
  })
  vi.unstubAllEnvs()
  const plain = async (id: string, headers: Record<string, string>) => {
    const { method, headers: sent } = post('/', {}, headers)
    const body = JSON.stringify({ text: 'Make it' })
    return api.handle(new Request(`http://shop.example/chats/${id}`, { method, headers: sent, body }))
  }
  const made = await plain('of-alice', { user: 'alice' })
  expect([made.status, made.headers.getSetCookie()]).toEqual([200, []])
  const over = await api.handle(post('/chats/over-tls', { text: 'Make it' }, { user: 'alice' }))
  expect([over.status, over.headers.getSetCookie()]).toEqual([200, []])
  const refused = await plain('of-nobody', {})
  expect([refused.status, await refused.json()]).toEqual([
    500,
    expect.objectContaining({ code: 'insecure_transport' }),
  ])
  expect(await store.read({ tenantId: 'acme', id: 'of-nobody' })).toBeUndefined()
})

it('keeps no answer to a key: a turn knows its repeats', async () => {
  const { store, api } = apiOf()
  const response = await api.handle(post('/chats/the-chat', { text: 'Hi' }, { 'idempotency-key': 'one' }))
  expect(await response.text()).toContain('"type":"completed"')
  expect((await store.list({ tenantId: '~requests:acme', limit: 9 })).items).toEqual([])
})

it('takes parts of a client that the route names, or the options, and no others', async () => {
  const { sessions, api } = apiOf({ clientParts: ['data-note'], clientUrls: () => false })
  const chart = await api.handle(post('/chats/the-chat', { text: 'a chart' }))
  expect(chart.status).toBe(200)
  await chart.text()
  const [message] = await (
    await sessions.for({ tenantId: 'acme', userId: 'alice' }).get('the-chat')
  ).allMessages()
  expect(message!.content).toEqual([{ type: 'data-chart', points: 3 }])
})

it('passes on the options that a client sets, and no field that it leaves out', async () => {
  const seen: object[] = []
  const { api } = apiOf({ respond: ({ options }) => String(seen.push(options)) })
  for (const body of [{ text: 'Hi' }, { text: 'Hi', tone: 'warm' }])
    await (await api.handle(post('/chats/the-chat', body))).text()
  expect(seen).toEqual([{}, { tone: 'warm' }])
  expect(seen.map((options) => Object.keys(options))).toEqual([[], ['tone']])
})

it('tells the application of a turn that fails, and of none that goes well', async () => {
  const errors: unknown[] = []
  const cause = new Error('the model is away')
  let isAway = false
  const { api } = apiOf({
    onError: (error) => errors.push(error),
    respond: () => {
      if (isAway) throw cause
      return 'Hello'
    },
  })
  const ask = async () => (await api.handle(post('/chats/the-chat', { text: 'Hi' }))).text()
  expect(await ask()).toContain('"type":"completed"')
  expect(errors).toEqual([])
  isAway = true
  expect(await ask()).toContain('"type":"failed"')
  expect(errors).toEqual([cause])
})

it('describes its routes', async () => {
  const { api } = apiOf()
  const { paths } = api.openApi as unknown as { paths: Record<string, object> }
  expect(Object.keys(paths)).toEqual(['/notes/{id}', '/chats/{chat}'])
})

it('makes no session for a message that a spent budget refuses', async () => {
  const budgets = [{ scope: 'user' as const, maxTokens: 2 }]
  const sessions = createSessions({ budgets, onWarning: () => {} })
  const respond: Respond = () => [{ type: 'usage', inputTokens: 2 }, 'ok']
  const { api } = apiOf({ sessions, respond })
  await (await api.handle(post('/chats/first', { text: 'Hi' }))).text()
  for (const chat of ['second', 'third']) {
    const refused = await api.handle(post(`/chats/${chat}`, { text: 'Hi' }))
    expect([refused.status, await refused.json()]).toMatchObject([429, { code: 'budget_exceeded' }])
  }
  const { items } = await sessions.for({ tenantId: 'acme', userId: 'alice' }).list()
  expect(items.map(({ id }) => id)).toEqual(['first'])
})
