import { format } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSessionApi } from '../../src/http.js'
import { createSessions, memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { apiFixture, ApiClient } from '../../src/testing.js'
import { collect, type WireEvent } from '../../src/testing/api-case.js'
import { testGoneClient } from './gone-client.js'

afterEach(() => vi.restoreAllMocks())

/** A caller of an API in this process. */
const clientOf = (api: ReturnType<typeof apiFixture>, token?: string) =>
  new ApiClient((path, init) => api.handle(new Request(`https://api.test${path}`, init)), token)

const names = (events: readonly WireEvent[]) => events.map(({ event }) => event)

describe('two processes over one store', () => {
  const twoProcesses = () => {
    const store = memoryStore()
    return [0, 1].map(() => clientOf(apiFixture({ store }), 'acme/alice')) as [ApiClient, ApiClient]
  }

  it('resume, watch and cancel each other’s streams', async () => {
    const [one, two] = twoProcesses()
    const id = await one.newSession()
    const path = `/sessions/${id}/message`
    const reading = one.events('POST', path, { body: { content: 'slow' } })
    const started = (await reading.next()).value!
    const begun = (await reading.next()).value!
    await reading.return()
    const rest = collect(two.events('POST', path, { headers: { 'last-event-id': begun.id } }))
    const all = collect(two.events('GET', `/sessions/${id}/turns/${started.data.turnId}`))
    expect((await two.get(`/sessions/${id}`)).body.session.turn).toEqual({ id: started.data.turnId })
    await two.send('PATCH', `/sessions/${id}/state`, { body: { go: true } })
    expect(names(await rest)).toEqual(['response.text.delta', 'response.completed'])
    expect((await all)[0]!.id).toBe(started.id)

    await two.send('PATCH', `/sessions/${id}/state`, { body: { go: null } })
    const second = one.events('POST', path, { body: { content: 'slow' } })
    await second.next()
    await second.next()
    expect((await two.post(`/sessions/${id}/cancel`)).body.cancelled).toBe(true)
    expect(names(await collect(second))).toEqual(['response.aborted'])
    expect((await two.lines(id)).at(-1)).toBe('assistant: be (aborted)')
  })

  it('execute a duplicate once', async () => {
    const [one, two] = twoProcesses()
    const id = await one.newSession()
    const send = (client: ApiClient, path: string, body: unknown) =>
      client.post(`/sessions/${id}/${path}`, body, { 'idempotency-key': `k-${path}` })
    const phone = { sku: 'P', name: 'P', price: { amount: 1, currency: 'EUR' } }
    for (const [path, body] of [
      ['cart/items', phone],
      ['message', { content: 'count' }],
    ] as const) {
      const [a, b] = await Promise.all([send(one, path, body), send(two, path, body)])
      expect(a.body).toEqual(b.body)
    }
    expect((await one.get(`/sessions/${id}/cart`)).body.cart.itemCount).toBe(1)
    expect(await one.lines(id)).toHaveLength(2)
  })
})

// At 100 points: gone-client.wide.test.ts.
testGoneClient(15)

describe('limits', () => {
  it('are told in headers, and refuse with Retry-After', async () => {
    let left = 2
    const limiter = {
      points: 2,
      duration: 60,
      consume: async (key: string) => {
        expect(key).toBe('["acme","alice"]')
        const room = { remainingPoints: Math.max(0, --left), msBeforeNext: 1500 }
        // As rate-limiter-flexible does: it rejects with what is no Error.
        return left < 0 ? Promise.reject(room) : room
      },
    }
    const alice = clientOf(apiFixture({ limiter }), 'acme/alice')
    const { headers } = await alice.get('/sessions')
    expect(headers.get('ratelimit')).toBe('"default";r=1;t=2')
    expect(headers.get('ratelimit-policy')).toBe('"default";q=2;w=60')
    await alice.get('/sessions')
    const refused = await alice.get('/sessions')
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } })
    expect(refused.headers.get('retry-after')).toBe('2')
    expect(refused.headers.get('ratelimit')).toBe('"default";r=0;t=2')
  })

  it.each([
    ['open', 200],
    ['closed', 503],
  ] as const)('that fail are %s', async (limiterFailure, status) => {
    const limiter = { consume: () => Promise.reject(new Error('redis://secret')) }
    const reply = await clientOf(apiFixture({ limiter, limiterFailure }), 'acme/alice').get('/sessions')
    expect(reply.status).toBe(status)
    expect(JSON.stringify(reply.body)).not.toContain('secret')
  })

  it('on misses stop guessing, and leave the others alone', async () => {
    let misses = 0
    const missLimiter = {
      consume: () => {
        const room = { remainingPoints: 0, msBeforeNext: 1000 }
        return ++misses > 3 ? Promise.reject(room) : Promise.resolve(room)
      },
    }
    const alice = clientOf(apiFixture({ missLimiter }), 'acme/alice')
    const id = await alice.newSession()
    const statuses = []
    for (let n = 0; n < 5; n++) statuses.push((await alice.get(`/sessions/nothing-${n}`)).status)
    expect(statuses).toEqual([404, 404, 404, 429, 429])
    expect((await alice.get(`/sessions/${id}`)).status).toBe(200)
  })

  it('on bodies are exact', async () => {
    const alice = clientOf(apiFixture({ maxBodyBytes: 100, maxBodyDepth: 3 }), 'acme/alice')
    const id = await alice.newSession()
    const put = async (body: string) => (await alice.send('PUT', `/sessions/${id}/state`, { body })).status
    const filled = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`
    expect([await put(filled(100)), await put(filled(101))]).toEqual([200, 413])
    expect([await put(`{"a":"${'ü'.repeat(46)}"}`), await put(`{"a":"${'ü'.repeat(47)}"}`)]).toEqual([
      200, 413,
    ])
    expect([await put('{"a":{"b":[]}}'), await put('{"a":{"b":[[]]}}')]).toEqual([200, 400])
    expect(await put('{"a":"[[[[[{{{{{\\"[[[["}')).toBe(200)
  })

  it('count keys and items, and nothing else', async () => {
    const alice = clientOf(apiFixture(), 'acme/alice')
    const id = await alice.newSession()
    const put = async (body: string) => (await alice.send('PUT', `/sessions/${id}/state`, { body })).status
    // With the key of the list, and the empty ones in it.
    const listOf = (count: number) => `{ "a": [ ${Array.from({ length: count }, () => '[ ]').join(' , ')} ] }`
    expect([await put(listOf(9999)), await put(listOf(10_000))]).toEqual([200, 413])
    const many = clientOf(apiFixture({ maxBodyItems: 20_000 }), 'acme/alice')
    const body = `{ "messages": [ ${Array.from({ length: 10_001 }, () => '{ }').join(' , ')} ] }`
    expect((await many.send('POST', '/sessions', { body })).status).toBe(400)
    const few = clientOf(apiFixture({ maxBodyItems: 3 }), 'acme/alice')
    const path = `/sessions/${await few.newSession()}/state`
    const statuses = [2, 3].map(
      async (count) => (await few.send('PUT', path, { body: listOf(count) })).status,
    )
    expect(await Promise.all(statuses)).toEqual([200, 413])
    expect(await put(`{"a":"${',[{'.repeat(10_001)}"}`)).toBe(200)
  })
})

describe('other origins', () => {
  const cors = { origins: ['https://shop.example'], credentials: true }
  const from = (origin: string) => ({ origin, 'access-control-request-method': 'POST' })

  it('are let in where that is wanted, and only those', async () => {
    const alice = clientOf(apiFixture({ cors }), 'acme/alice')
    const asked = await alice.send('OPTIONS', '/sessions', { headers: from('https://shop.example') })
    expect(asked.status).toBe(204)
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      'access-control-allow-origin': 'https://shop.example',
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'POST, GET, HEAD, OPTIONS',
      'access-control-max-age': '600',
    })
    const read = await alice.get('/sessions', { headers: { origin: 'https://shop.example' } })
    expect(read.headers.get('access-control-expose-headers')).toContain('ETag')
    const failed = await alice.get('/sessions/none', { headers: { origin: 'https://shop.example' } })
    expect(failed.headers.get('access-control-allow-origin')).toBe('https://shop.example')
    const other = await alice.send('OPTIONS', '/sessions', { headers: from('https://evil.example') })
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
    expect(other.headers.get('vary')).toContain('Origin')
  })
})

describe('middleware', () => {
  it('runs in order, adds to the context, answers, and everything runs inside withRequestContext', async () => {
    const seen: unknown[] = []
    const api = apiFixture({
      middleware: [
        () => ({ a: 1 }),
        (request, context) => {
          seen.push(context)
          return request.headers.has('x-stop') ? new Response('stopped', { status: 418 }) : { b: 2 }
        },
        () => undefined,
      ],
      identify: (_, context) => {
        seen.push(context)
        return { tenantId: 'acme', userId: 'alice' }
      },
      withRequestContext: async (context, execute) => {
        seen.push(['in', context])
        const response = await execute()
        seen.push('out')
        return response
      },
    })
    const get = (headers = {}) => api.handle(new Request('https://api.test/sessions', { headers }))
    expect((await get()).status).toBe(200)
    expect(seen).toEqual([{ a: 1 }, ['in', { a: 1, b: 2 }], { a: 1, b: 2 }, 'out'])
    expect((await get({ 'x-stop': '1' })).status).toBe(418)
  })

  it('and identify may fail without telling why', async () => {
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    const fail = () => {
      throw new Error('a secret')
    }
    for (const options of [{ middleware: [fail] }, { identify: fail }]) {
      const api = apiFixture({ ...options, onError })
      const response = await api.handle(new Request('https://api.test/sessions'))
      expect(response.status).toBe(500)
      expect(await response.text()).not.toContain('secret')
    }
    expect(errors).toHaveLength(2)
  })
})

describe('a store that is away', () => {
  it('is a 503 that says when to come back, with no cookie', async () => {
    const away = () => Promise.reject(new SessionError('unavailable', 'redis://secret'))
    const store = new Proxy({} as SessionStore, { get: () => away })
    const reply = await clientOf(apiFixture({ store })).post('/sessions', {})
    expect(reply).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(reply.headers.get('retry-after')).toBe('1')
    expect(reply.headers.getSetCookie()).toEqual([])
    expect(JSON.stringify(reply.body)).not.toContain('secret')
  })
})

it('prints nothing of what a store has said, unless it is told to', async () => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  const cause = new Error('connect redis://user:secret@db failed for "my locker code"')
  const away = () => Promise.reject(new SessionError('store_failed', 'The store refuses.', { cause }))
  const store = new Proxy({} as SessionStore, { get: () => away })
  const api = createSessionApi({
    sessions: createSessions({ store }),
    identify: () => ({ tenantId: 'a', userId: 'b' }),
  })
  await api.handle(new Request('https://a.test/sessions'))
  expect(printed.mock.calls).toEqual([
    ['[sessions]', 'GET /sessions:', 'store_failed: The store refuses. (its cause, Error, is not shown)'],
  ])
})

it.each(['%c3%a9', '%d1%8f', '%f0%9f%98%80'])('prints what failed at the path %j', async (id) => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  const identify = () => Promise.reject(new Error('the token service is away'))
  const api = createSessionApi({ sessions: createSessions(), identify })
  expect((await api.handle(new Request(`https://a.test/sessions/${id}`))).status).toBe(500)
  const [line] = printed.mock.calls.map((given) => format(...given))
  expect(line).toContain(`[sessions] GET /sessions/${id}: Error: the token service is away`)
})

describe('behind a proxy that ends TLS', () => {
  const asked = (path: string, headers: Record<string, string> = {}) =>
    new Request(`http://10.0.0.7:3000${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{}',
    })

  it('the client has the cookie and the origin of the address that it used', async () => {
    const api = createSessionApi({ sessions: createSessions(), identify: () => ({ tenantId: 'acme' }) })
    const origin = 'https://shop.example'
    const made = await api.handle(asked('/sessions', { origin }), { origin })
    expect([made.status, made.headers.get('set-cookie')]).toEqual([
      201,
      expect.stringMatching(/^__Host-sessions=.*; Secure;/),
    ])
    const cookie = made.headers.get('set-cookie')!.split(';')[0]!
    expect((await api.handle(asked('/sessions', { origin, cookie }), { origin })).status).toBe(201)
    for (const from of ['https://evil.example', 'http://10.0.0.7:3000'])
      expect((await api.handle(asked('/sessions', { origin: from, cookie }), { origin })).status, from).toBe(
        403,
      )
    expect((await api.handle(asked('/sessions', { origin, cookie }))).status).toBe(403)
  })

  it.each(['shop.example', 'https://shop.example/evil', 'https://a@shop.example', '', 'https://'])(
    'nothing is answered for the origin %j',
    async (origin) => {
      const answer = await apiFixture().handle(asked('/sessions'), { origin })
      expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'invalid' }])
    },
  )
})

it('takes no empty segment of a path for an id', async () => {
  const admin = clientOf(apiFixture(), 'acme/boss/admin')
  for (const path of ['/sessions//messages', '/users//export', '/users//memory', '/users//consent'])
    expect((await admin.get(path)).body, path).toMatchObject({ status: 404, code: 'no_such_route' })
  expect((await admin.send('DELETE', '/users//memory')).status).toBe(404)
})

it('names no header twice in Vary', async () => {
  const alice = clientOf(apiFixture({ cors: { origins: ['https://a.example'] } }), 'acme/alice')
  const id = await alice.newSession()
  for (const path of ['/sessions', `/sessions/${id}`, '/sessions/none']) {
    const vary = (await alice.get(path)).headers.get('vary')!.split(', ')
    expect(vary, path).toEqual([...new Set(vary)])
  }
})

describe('options', () => {
  it.each([
    [{ basePath: 'api' }, 'basePath'],
    [{ basePath: '/api/' }, 'basePath'],
    [{ maxBodyBytes: 0 }, 'maxBodyBytes'],
    [{ cookie: false as const, header: false }, 'cookie'],
  ])('refuses %j at the start', (options, path) => {
    expect(() => apiFixture(options)).toThrow(expect.objectContaining({ code: 'invalid', path }))
  })

  it('leaves out the routes that nothing is there for', async () => {
    const api = createSessionApi({
      sessions: createSessions(),
      identify: () => ({ tenantId: 'a', userId: 'b' }),
    })
    const paths = api.routes.map(({ method, path }) => `${method} ${path}`)
    expect(paths).not.toContain('POST /sessions/{id}/message')
    const path = '/sessions/x/message'
    expect((await api.handle(new Request(`https://a.test${path}`, { method: 'POST' }))).status).toBe(404)
  })

  it('stands under a base path', async () => {
    const api = apiFixture({ basePath: '/api/v1' })
    const at = (path: string) =>
      api.handle(new Request(`https://a.test${path}`, { headers: { authorization: 'Bearer a/b' } }))
    expect((await at('/api/v1/sessions')).status).toBe(200)
    expect((await at('/sessions')).status).toBe(404)
    expect([
      api.owns('/api/v1/sessions'),
      api.owns('/api/v1/sessions/a'),
      api.owns('/api/v1/sessionsx'),
      api.owns('/'),
    ]).toEqual([true, true, false, false])
  })

  it('reuse answers where that is wanted, and say so', async () => {
    const alice = clientOf(apiFixture({ turns: { reuse: { ttlMs: 60_000 } } }), 'acme/alice')
    const id = await alice.newSession()
    const ask = async () => (await alice.post(`/sessions/${id}/message`, { content: 'count' })).body.response
    expect(await ask()).toMatchObject({ text: '1', reused: false })
    expect(await ask()).toMatchObject({ text: '1', reused: true })
  })

  it('show what tools gave back where that is wanted', async () => {
    const alice = clientOf(apiFixture({ exposeToolResults: true }), 'acme/alice')
    const id = await alice.newSession()
    await alice.post(`/sessions/${id}/message`, { content: 'tools' })
    expect(JSON.stringify((await alice.get(`/sessions/${id}/messages`)).body)).toContain('warehouse')
  })
})

it('serves a service that another copy of this package made, as bundlers bring it', async () => {
  const sessions = createSessions()
  vi.resetModules()
  const copy = await import('../../src/http.js')
  expect(copy.createSessionApi).not.toBe(createSessionApi)
  const api = copy.createSessionApi({ sessions, identify: () => ({ tenantId: 'acme', userId: 'alice' }) })
  const made = await api.handle(new Request('https://api.test/sessions', { method: 'POST' }))
  expect(made.status).toBe(201)
})

it.each([
  undefined,
  null,
  {},
  { sessions: createSessions() },
  { sessions: createSessions(), identify: { tenantId: 'acme' } },
])('is not made without a function that says who is asking: %o', (options) => {
  expect(() => createSessionApi(options as never)).toThrow(
    expect.objectContaining({ code: 'invalid', path: 'identify' }) as Error,
  )
})
