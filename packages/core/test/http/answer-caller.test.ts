import { describe, expect, it } from 'vitest'
import { createSessionApi, type RateLimiter, type SessionApiOptions } from '../../src/http.js'
import type { SessionEventOf } from '../../src/audit.js'
import { memoryStore, type SessionsOptions } from '../../src/index.js'
import { alice, anonymous, service } from '../service.js'

/** A limiter that says which keys it was given, and has room for so many requests. */
function counting(points = 1000): { limiter: RateLimiter; keys: string[] } {
  const keys: string[] = []
  const limiter = {
    async consume(key: string) {
      keys.push(key)
      const room = { remainingPoints: points - keys.length, msBeforeNext: 1000 }
      return keys.length > points ? (Promise.reject(room) as never) : room
    },
  }
  return { limiter, keys }
}

const credentialSecrets = ['a secret that only these tests know']
const audit = { secrets: ['a secret of the audit that is long enough'] }

/** An API for alice, and for nobody where a request has no `authorization`. */
function serve(options: Partial<SessionApiOptions> = {}, settings: SessionsOptions = {}) {
  const told: SessionEventOf<'access.suspicious'>[] = []
  const store = memoryStore()
  const suspicion = { misses: 2, on: (event: SessionEventOf<'access.suspicious'>) => void told.push(event) }
  const transfers = { url: 'https://shop.example/continue' }
  const sessions = service({ store, suspicion, audit, credentialSecrets, transfers, ...settings })
  const { handle } = createSessionApi({
    sessions,
    header: true,
    identify: ({ headers }) => (headers.has('authorization') ? alice : anonymous),
    ...options,
  })
  const ask =
    (who: Record<string, string>) =>
    async (call: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> => {
      const [method, path] = call.split(' ') as [string, string]
      const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
      const rest = body === undefined ? {} : { body: JSON.stringify(body) }
      return handle(
        new Request(`https://shop.example${path}`, {
          method,
          headers: { ...who, ...type, ...headers },
          ...rest,
        }),
      )
    }
  const send = ask({ authorization: 'yes' })
  const nobody = ask({})
  const reasons = () => told.map(({ reason, count }) => [reason, count])
  return { sessions, store, send, nobody, told, reasons }
}

const key = { 'idempotency-key': 'a-key-of-thirty-two-characters-or-more' }

it('what `identify` answers is the answer, and nothing is counted', async () => {
  const { limiter, keys } = counting()
  const { send } = serve({ limiter, identify: () => new Response('away', { status: 418 }) })
  const response = await send('GET /sessions')
  expect([response.status, await response.text(), keys]).toEqual([418, 'away', []])
})

describe('what `identify` gives and is no identity', () => {
  it.each<[unknown, string]>([
    [undefined, 'tenantId'],
    [null, 'tenantId'],
    ['alice', 'tenantId'],
    [{ userId: 'alice' }, 'tenantId'],
    [{ tenantId: 7 }, 'tenantId'],
    [{ tenantId: 'acme', userId: null }, 'userId'],
    [{ tenantId: 'acme', userId: 7 }, 'userId'],
    [{ tenantId: 'acme', roles: 'admin' }, 'roles'],
    [{ tenantId: 'acme', consents: { storage: 'yes' } }, 'consents'],
  ])('is for the log, not for the client: %j', async (given, name) => {
    const failures: unknown[] = []
    const { limiter, keys } = counting()
    const identify = () => given as typeof alice
    const { send } = serve({ limiter, identify, onError: (error) => failures.push(error) })
    const response = await send('GET /sessions')
    expect([response.status, keys]).toEqual([500, []])
    expect(await response.text()).not.toContain(name)
    expect(failures).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(new RegExp(`^identify gave no identity: ${name} `)),
        cause: expect.objectContaining({ code: 'invalid', path: name }),
      }),
    ])
  })

  it('is for the client, who may have said it, where it is a text that no id can be', async () => {
    const failures: unknown[] = []
    const identify = ({ headers }: Request) => ({ tenantId: 'acme', userId: headers.get('x-user')! })
    const { send } = serve({ identify, onError: (error) => failures.push(error) })
    const response = await send('GET /sessions', undefined, { 'x-user': 'x'.repeat(300) })
    expect([response.status, await response.json()]).toMatchObject([400, { path: 'userId' }])
    expect(failures).toEqual([])
  })
})

it('nobody is asked for where anybody may read, and nothing is counted', async () => {
  const { limiter, keys } = counting()
  const identify = () => {
    throw new Error('not for this')
  }
  const { send } = serve({ limiter, identify })
  expect([(await send('GET /sessions/openapi.json')).status, keys]).toEqual([200, []])
})

describe('limits', () => {
  it('count a request each by its own key, and not at all where there is none', async () => {
    const [first, second, third] = [counting(), counting(), counting(1)]
    const { send } = serve({
      limiter: first.limiter,
      limits: [
        { name: 'session', limiter: second.limiter, key: (_, __, id) => id },
        { name: 'one', limiter: third.limiter, key: ({ url }, { userId }) => userId && new URL(url).search },
      ],
    })
    const missing = await send('GET /sessions/one?all')
    expect(missing.headers.get('ratelimit')).toBe('"default";r=999;t=1, "session";r=999;t=1, "one";r=0;t=1')
    const listed = await send('GET /sessions', undefined, { 'x-request-id': 'r2' })
    expect(listed.status).toBe(429)
    expect(first.keys).toEqual(['["acme","alice"]', '["acme","alice"]'])
    expect(second.keys).toEqual(['one'])
    expect(third.keys).toEqual(['?all', ''])
  })

  it('that fail are on record as no caller that is over one', async () => {
    const limiter = { consume: async () => Promise.reject(new Error('away')) as never }
    const { send, sessions } = serve({ limiter, limiterFailure: 'closed', onError: () => {} })
    expect((await send('GET /sessions')).status).toBe(503)
    await sessions.settled()
    const entries = []
    for await (const entry of sessions.audit.list({ tenantId: 'acme' })) entries.push(entry)
    expect(entries).toEqual([])
  })
})

describe('a miss', () => {
  it('is a request for what does not exist, and nothing else', async () => {
    const { limiter, keys } = counting()
    const { send, reasons } = serve({ missLimiter: limiter })
    const { id } = ((await (await send('POST /sessions', {})).json()) as { session: { id: string } }).session
    for (const [call, body, status] of [
      [`GET /sessions/${id}`, undefined, 200],
      ['GET /sessions', undefined, 200],
      ['POST /sessions', { title: 1 }, 400],
      [`DELETE /sessions/${id}/messages`, undefined, 405],
    ] as const) {
      const response = await send(call, body)
      expect([call, response.status, response.headers.get('ratelimit')]).toEqual([call, status, null])
    }
    expect([keys, reasons()]).toEqual([[], []])
    for (const [call, body] of [
      ['GET /sessions/none', undefined],
      ['POST /transfers/redeem', { secret: 'x'.repeat(43) }],
    ] as const) {
      const response = await send(call, body)
      expect([call, response.status]).toEqual([call, 404])
      expect(response.headers.get('ratelimit')).toMatch(/^"misses";r=99\d;t=1$/)
    }
    expect(keys).toEqual(['["acme","alice"]', '["acme","alice"]'])
    expect(reasons()).toEqual([['misses', 2]])
  })

  it('is one with a key, too, whose answer the caller may not have any more when there is no room', async () => {
    const { limiter } = counting(2)
    const { send, reasons } = serve({ missLimiter: limiter })
    const ask = async () => send('POST /transfers/redeem', { secret: 'x'.repeat(43) }, key)
    expect([(await ask()).status, (await ask()).status, (await ask()).status]).toEqual([404, 404, 429])
    expect(reasons()).toEqual([['misses', 2]])
  })

  it('is suspicious where nobody asks for what only somebody may do, but has room for as many', async () => {
    const { limiter, keys } = counting()
    const { nobody, reasons } = serve({ missLimiter: limiter, userRoutes: true })
    expect((await nobody('GET /users/me/memory')).status).toBe(401)
    expect((await nobody('GET /users/me/memory')).status).toBe(401)
    expect([reasons(), keys]).toEqual([[['misses', 2]], []])
  })

  it('is suspicious where nobody does so with a key', async () => {
    const { sessions, nobody, reasons } = serve()
    const session = await sessions.for(anonymous).create()
    const headers = { ...key, 'x-session-id': await session.credential() }
    for (let count = 0; count < 2; count++)
      expect((await nobody(`POST /sessions/${session.id}/bind`, undefined, headers)).status).toBe(401)
    expect(reasons()).toEqual([['misses', 2]])
  })
})

it('a device that did not say what it is, and says it later, is no second one', async () => {
  const { sessions, send, told } = serve()
  const session = await sessions.for(alice).create()
  const credential = await session.credential()
  const from = async (device?: string) =>
    send(`GET /sessions/${session.id}`, undefined, {
      'x-session-id': credential,
      'x-request-id': `from-${device}`,
      ...(device === undefined ? {} : { 'user-agent': device }),
    })
  for (const device of [undefined, 'phone', undefined]) expect((await from(device)).status).toBe(200)
  expect(told).toEqual([])
  await from('thief')
  const actor = { userId: 'alice' }
  expect(told).toMatchObject([{ reason: 'two_devices', requestId: 'from-thief', actor }])
})

describe('of a session that the caller may not touch', () => {
  it('no body is read', async () => {
    const { sessions, nobody, send } = serve()
    const { id } = await sessions.for({ tenantId: 'acme', userId: 'bob' }).create()
    const statusOf = async (ask: typeof send, call: string, headers = {}) =>
      (await ask(call, { messages: 'no list' }, headers)).status
    expect(await statusOf(nobody, `POST /sessions/${id}/messages`)).toBe(404)
    expect(await statusOf(send, `POST /sessions/${id}/messages`, { 'if-match': '"1"' })).toBe(404)
    expect(await statusOf(send, `PATCH /sessions/${id}`)).toBe(404)
    expect(await statusOf(send, `POST /sessions/${id}/messages`)).toBe(400)
  })

  it('no body is read, unless a client of `unified-llm-client` may make it with its first message', async () => {
    const statusesOf = async (options: Partial<SessionApiOptions>) => {
      const { send, nobody } = serve({ respond: () => 'Hello', ...options })
      const wrong = { message: 1 }
      return Promise.all([
        send('POST /sessions/none/message', wrong),
        nobody('POST /sessions/none/message', wrong),
        send('PATCH /sessions/none', wrong),
      ])
    }
    const plain = await statusesOf({})
    expect(plain.map(({ status }) => status)).toEqual([404, 404, 404])
    const compat = await statusesOf({ compat: 'unified-llm-client-0.1' })
    expect(compat.map(({ status }) => status)).toEqual([400, 404, 404])
  })
})

describe('an answer that is kept', () => {
  const requests = { tenantId: '~requests:acme', limit: 9 }

  it('is none of a turn, which knows its repeats itself', async () => {
    const { sessions, store, send } = serve({ respond: () => 'Hello' })
    const { id } = await sessions.for(alice).create()
    const answers = []
    for (let count = 0; count < 2; count++)
      answers.push(await (await send(`POST /sessions/${id}/message`, { content: 'Hi' }, key)).json())
    expect(answers[1]).toEqual(answers[0])
    expect((await store.list(requests)).items).toEqual([])
    await send('POST /sessions', {}, key)
    expect((await store.list(requests)).items).toHaveLength(1)
  })

  it('names its user and its session, with which it ends', async () => {
    const { sessions, store, send, nobody } = serve()
    const { id } = await sessions.for(alice).create()
    await send(`PATCH /sessions/${id}`, { title: 'one' }, key)
    expect((await store.list(requests)).items).toMatchObject([{ userId: 'alice', label: id }])
    expect((await send(`DELETE /sessions/${id}`, undefined, { 'idempotency-key': 'another' })).status).toBe(
      200,
    )
    const [{ label } = {}] = (await store.list(requests)).items
    expect(label).not.toBe(id)
    expect((await send(`DELETE /sessions/${id}`, undefined, { 'idempotency-key': 'another' })).status).toBe(
      200,
    )
    await sessions.privacy.erase({ ...alice, by: 'support', reason: 'article 17' })
    expect((await store.list(requests)).items).toEqual([])
    await nobody('POST /sessions', {}, key)
    const [kept] = (await store.list(requests)).items
    expect(kept!.userId ?? '').toBe('')
  })

  it('is one of a session that is kept, whatever the caller would have for a new one', async () => {
    const { sessions, store, nobody } = serve({}, { consent: { unsaid: { storage: false } } })
    const kept = await sessions.for({ ...anonymous, consents: { storage: true } }).create()
    const held = { ...key, 'x-session-id': await kept.credential() }
    expect((await nobody(`PATCH /sessions/${kept.id}`, { title: 'one' }, held)).status).toBe(200)
    expect((await store.list(requests)).items).toHaveLength(1)
    expect((await nobody('POST /sessions', {}, key)).status).toBe(201)
    expect((await store.list(requests)).items).toHaveLength(1)
  })

  it('tells a request without a body from one with any', async () => {
    const { send } = serve()
    expect((await send('POST /sessions', undefined, key)).status).toBe(201)
    expect((await send('POST /sessions', {}, key)).status).toBe(422)
    expect((await send('POST /sessions', { title: 'x' }, key)).status).toBe(422)
    expect((await send('POST /sessions', undefined, key)).status).toBe(201)
    const another = { 'idempotency-key': 'another' }
    expect((await send('POST /sessions', { title: 'x' }, another)).status).toBe(201)
    expect((await send('POST /sessions', { title: 'y' }, another)).status).toBe(422)
    expect((await send('POST /sessions?x=1', { title: 'x' }, another)).status).toBe(422)
  })
})
