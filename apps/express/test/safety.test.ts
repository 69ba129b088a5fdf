import { createSessions, memoryStore } from '@sessions/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { adminToken, type Client, startServer, type TestServer } from './server.js'

let server: TestServer
let client: Client
let path: string

beforeAll(async () => {
  server = await startServer()
})
beforeEach(async () => {
  client = server.client()
  path = await client.start()
})
afterAll(async () => server.close())

const deep = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels)
const item = { sku: 'x', name: 'x', price: 1 }

describe('bad input is a 4xx that names the path, and nothing is stored', () => {
  test.each<[string, string, string, unknown, number, string]>([
    ['no question', 'POST', '/query', {}, 400, 'q'],
    ['an empty question', 'POST', '/query', { q: '   ' }, 400, 'q'],
    ['a question that is no text', 'POST', '/query', { q: 7 }, 400, 'q'],
    ['an unknown field', 'POST', '/query', { q: 'hi', tenantId: 'other' }, 400, 'tenantId'],
    ['a forbidden key', 'POST', '/query', '{"q":"hi","__proto__":{"admin":true}}', 400, '__proto__'],
    [
      'a message_id with odd characters',
      'POST',
      '/query',
      { q: 'hi', message_id: 'a:reply' },
      400,
      'message_id',
    ],
    ['malformed JSON', 'POST', '/query', '{"q":', 400, 'body'],
    ['no object', 'POST', '/query', '[1]', 400, 'body'],
    ['no body', 'POST', '/query', undefined, 400, 'q'],
    ['a body too large', 'POST', '/query', { q: 'x'.repeat(110_000) }, 413, 'body'],
    ['a body of 10 MB', 'POST', '/query', { q: 'x'.repeat(10_000_000) }, 413, 'body'],
    [
      'a role that is none',
      'POST',
      ':id/messages',
      { messages: [{ role: 'king', content: 'x' }] },
      400,
      'messages[0].role',
    ],
    [
      'a role that is not the caller’s',
      'POST',
      ':id/messages',
      {
        messages: [
          { role: 'user', content: 'x' },
          { role: 'system', content: 'x' },
        ],
      },
      403,
      'messages[1].role',
    ],
    ['no messages', 'POST', ':id/messages', { messages: [] }, 400, 'messages'],
    [
      'a message with more',
      'POST',
      ':id/messages',
      { messages: [{ role: 'user', content: 'x', seq: 1 }] },
      400,
      'messages[0].seq',
    ],
    ['a negative quantity', 'POST', ':id/cart/add', { ...item, quantity: -1 }, 400, 'quantity'],
    ['half a quantity', 'POST', ':id/cart/add', { ...item, quantity: 1.5 }, 400, 'quantity'],
    ['a price with three decimals', 'POST', ':id/cart/add', { ...item, price: 9.999 }, 400, 'price'],
    ['a negative price', 'POST', ':id/cart/add', { ...item, price: -1 }, 400, 'price'],
    ['a price as text', 'POST', ':id/cart/add', { ...item, price: 'free' }, 400, 'price'],
    ['a price beyond measure', 'POST', ':id/cart/add', { ...item, price: 1e300 }, 400, 'price'],
    ['NaN', 'POST', ':id/cart/add', '{"sku":"x","name":"x","price":NaN}', 400, 'body'],
    [
      'cents that are no whole number',
      'POST',
      ':id/cart/add',
      { ...item, price: { amount: 1.5, currency: 'USD' } },
      400,
      'price.amount',
    ],
    ['an unknown sku without a price', 'POST', ':id/cart/add', { sku: 'x', name: 'x' }, 400, 'price'],
    [
      'a forbidden key of an item',
      'POST',
      ':id/cart/add',
      '{"sku":"x","name":"x","price":1,"__proto__":{}}',
      400,
      '__proto__',
    ],
    [
      'preferences with a forbidden key',
      'POST',
      ':id/preferences',
      '{"a":{"__proto__":{"x":1}}}',
      400,
      'a.__proto__',
    ],
    [
      'preferences that are a forbidden key',
      'POST',
      ':id/preferences',
      '{"__proto__":{"x":1}}',
      400,
      '__proto__',
    ],
    ['preferences 100 deep', 'POST', ':id/preferences', deep(100), 400, 'a'.repeat(32).split('').join('.')],
    ['preferences that are a list', 'POST', ':id/preferences', '[]', 400, 'body'],
    ['a budget that is a list', 'POST', ':id/preferences', { budget_range: [1] }, 400, 'budget_range'],
    ['a checkout of nothing', 'POST', ':id/cart/checkout', undefined, 400, 'cart'],
    ['a limit of 101', 'GET', ':id/conversation?limit=101', undefined, 400, 'limit'],
    ['a before of 0', 'GET', ':id/conversation?before=0', undefined, 400, 'before'],
  ])('%s', async (_name, method, where, body, status, expected) => {
    const before = (await client.send('GET', `${path}/info`)).data
    const answer = await client.send(method, where.replace(':id', path), body)
    expect(answer.status).toBe(status)
    expect(answer.body.success).toBe(false)
    expect(answer.body.error?.path).toBe(expected)
    expect(answer.text).not.toMatch(/at .*\.(ts|js)|node_modules/)
    const after = (await client.send('GET', `${path}/info`)).data
    expect(after).toEqual(before)
  })

  test('a quantity of nothing on a line', async () => {
    const { data } = await client.send('POST', `${path}/cart/add`, item)
    const answer = await client.send('PATCH', `${path}/cart/items/${data['item'].id}`, { quantity: 0 })
    expect(answer.body.error).toMatchObject({ code: 'invalid', path: 'quantity' })
  })

  test('routes that are none', async () => {
    const answer = await client.send('GET', '/nothing/here')
    expect(answer.status).toBe(404)
    expect(answer.body).toEqual({
      success: false,
      error: { code: 'not_found', message: 'There is no such route.' },
    })
  })
})

describe('unknown, foreign and deleted sessions look the same', () => {
  const routes: [string, string, unknown?][] = [
    ['GET', '/info'],
    ['GET', '/conversation'],
    ['GET', '/cart'],
    ['POST', '/preferences', { a: 1 }],
    ['POST', '/cart/add', { sku: 'KINDLE' }],
    ['DELETE', '/cart/clear'],
    ['PATCH', '/cart/items/x', { quantity: 2 }],
    ['DELETE', '/cart/items/x'],
    ['POST', '/cart/checkout'],
    ['GET', '/orders'],
    ['POST', '/reset'],
    ['POST', '/messages', { messages: [{ role: 'user', content: 'x' }] }],
    ['DELETE', ''],
  ]

  test.each(routes)('%s /session/:id%s', async (method, tail, body) => {
    const deleted = await client.start()
    await client.send('DELETE', deleted)
    const paths = [
      '/session/user-123-session-456',
      deleted,
      path,
      '/session/%00',
      `/session/${'x'.repeat(500)}`,
      '/session/%F0%9F%98%80',
      '/session/__proto__',
    ]
    const stranger = server.client()
    await stranger.start()
    const before = await server.count()
    for (const caller of [stranger, server.client()]) {
      const answers = await Promise.all(paths.map(async (one) => caller.send(method, `${one}${tail}`, body)))
      expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 404))
      expect(new Set(answers.map(({ text }) => text))).toEqual(
        new Set(['{"success":false,"error":{"code":"not_found","message":"There is no such session."}}']),
      )
      expect(answers.every(({ headers }) => headers.get('set-cookie') === null)).toBe(true)
    }
    expect(await server.count()).toBe(before)
  })

  test('a sessionId in the body is no way in, and becomes no session', async () => {
    const before = await server.count()
    for (const sessionId of ['user-123-session-456', path.slice(9), '__proto__', 'x'.repeat(500)]) {
      const answer = await server.client().send('POST', '/query', { q: 'hello', sessionId })
      expect(answer.status).toBe(404)
      expect(answer.text).toBe(
        '{"success":false,"error":{"code":"not_found","message":"There is no such session."}}',
      )
    }
    expect(await server.count()).toBe(before)
  })

  test('the public id is no credential, and a forged one opens nothing', async () => {
    const [kid, ref, generation] = client.credential!.split('.')
    for (const credential of [
      path.slice(9),
      `${kid}.${ref}.${generation}.AAAA`,
      `${client.credential}x`,
      'x'.repeat(8000),
    ]) {
      const caller = server.client()
      caller.credential = credential
      expect((await caller.send('GET', `${path}/info`)).status).toBe(404)
    }
  })

  test('a session that expired', async () => {
    let now = 0
    const store = memoryStore({ clock: () => now })
    const short = await startServer({ sessions: createSessions({ store, ttl: { idleMs: 30 } }) })
    const caller = short.client()
    const expired = await caller.start()
    now = 30
    const { text } = await caller.send('GET', `${expired}/info`)
    expect(text).toBe('{"success":false,"error":{"code":"not_found","message":"There is no such session."}}')
    await short.close()
  })
})

describe('reads', () => {
  test('1,000 without a cookie leave no session and give no cookie', async () => {
    const before = await server.count()
    const paths = ['/session', '/products?q=phones', '/session/user-123/info', '/session/user-123/cart']
    for (let done = 0; done < 1000; done += 50) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, async (_, at) => server.client().send('GET', paths[at % paths.length]!)),
      )
      for (const { headers } of answers) {
        expect(headers.get('set-cookie')).toBeNull()
        expect(headers.get('x-session-id')).toBeNull()
      }
    }
    expect(await server.count()).toBe(before)
  })

  test('tell caches to keep nothing', async () => {
    const { headers } = await client.send('GET', `${path}/info`)
    expect(headers.get('cache-control')).toContain('no-store')
  })
})

describe('the admin', () => {
  test('may open a session, and speak as anybody in it', async () => {
    const admin = server.client({ Authorization: `Bearer ${adminToken}` })
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'system', content: 'c' },
    ]
    expect((await admin.send('POST', `${path}/messages`, { messages })).status).toBe(201)
    const { data } = await client.send('GET', `${path}/conversation`)
    expect(
      data['conversation'].map(({ role, content }: Record<string, unknown>) => ({ role, content })),
    ).toEqual(messages)
  })

  test.each(['Bearer wrong', `Bearer ${adminToken}x`, 'Bearer ', 'Basic abc'])(
    'is not whoever sends %s',
    async (header) => {
      const caller = server.client({ Authorization: header })
      expect((await caller.send('GET', `${path}/info`)).status).toBe(404)
    },
  )

  test('is nobody when no token is set', async () => {
    for (const token of [undefined, '']) {
      const open = await startServer({ adminToken: token })
      const session = await open.client().start()
      const caller = open.client({ Authorization: 'Bearer undefined' })
      expect((await caller.send('GET', `${session}/info`)).status).toBe(404)
      await open.close()
    }
  })
})
