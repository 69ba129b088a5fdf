import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tool } from '../src/tools/tool.js'
import { z } from 'zod'
import { startServer, type TestServer } from './server.js'

const claude = { authorization: 'Bearer demo-claude' }
const nordwind = { authorization: 'Bearer demo-nordwind' }

let server: TestServer
const seen: Record<string, unknown>[] = []

beforeAll(async () => {
  server = await startServer({
    tools: [
      tool({
        name: 'look_around',
        description: 'For tests.',
        input: z.strictObject({}),
        isRead: true,
        async execute(_, { session, cart, merchant, identity, signal }) {
          seen.push({ id: session.id, cart, merchant, identity, isAborted: signal.aborted })
          return {}
        },
      }),
    ],
  })
})
afterAll(() => server.close())

describe('POST /v1/execute', () => {
  it('begins a session with what a tool writes, and carries on with its credential', async () => {
    const client = server.client(claude)
    expect(await client.run('view_cart')).toEqual({ items: [], itemCount: 0, total: null })
    expect(client.credential, 'looking begins nothing').toBeUndefined()
    const { products } = await client.run('search_products', { query: 'tents' })
    expect(products.map(({ sku }: { sku: string }) => sku)).toEqual(['NW-TENT-2', 'NW-TENT-4'])
    expect(client.credential).toBeTruthy()
    await client.run('add_to_cart', { sku: 'NW-TENT-2' })
    await client.run('add_to_cart', { sku: 'NW-STOVE', quantity: 2 })
    expect(await client.run('view_cart')).toMatchObject({
      itemCount: 3,
      total: { amount: 24_900 + 2 * 5900, currency: 'EUR' },
    })
    const order = await client.run('checkout')
    expect(order).toMatchObject({ itemCount: 3, total: { amount: 36_700 } })
    expect(await client.run('view_cart')).toMatchObject({ itemCount: 0 })
    expect(await server.client(claude).run('view_cart')).toMatchObject({ itemCount: 0 })
  })

  it('gives tools the session, its cart, the merchant, who asks, and a signal', async () => {
    const client = server.client(nordwind)
    await client.run('add_to_cart', { sku: 'NW-LAMP' })
    await client.run('look_around')
    expect(seen.at(-1)).toMatchObject({
      id: expect.any(String) as string,
      merchant: { id: 'nordwind', name: 'Nordwind Outdoor' },
      identity: { tenantId: 'nordwind' },
      isAborted: false,
    })
    const cart = seen.at(-1)!['cart'] as { get(): Promise<{ items: unknown[] }> }
    expect((await cart.get()).items).toHaveLength(1)
  })

  it('takes the session from the body where no header can be sent', async () => {
    const client = server.client(claude)
    await client.run('add_to_cart', { sku: 'KL-CUP' })
    const bare = server.client(claude)
    const body = { tool: 'view_cart', sessionId: client.credential }
    expect((await bare.send('POST', '/v1/execute', body)).body['output']).toMatchObject({ itemCount: 1 })
  })

  it('takes the public id from a signed-in caller, and from nobody else', async () => {
    const alice = server.client({ ...claude, 'x-user-id': 'alice' })
    const { body } = await alice.send('POST', '/v1/execute', {
      tool: 'add_to_cart',
      input: { sku: 'KL-CUP' },
    })
    const byId = { 'x-session-id': body['sessionId'] as string }
    const again = server.client({ ...claude, 'x-user-id': 'alice', ...byId })
    expect(await again.run('view_cart')).toMatchObject({ itemCount: 1 })
    for (const stranger of [
      { ...claude, ...byId },
      { ...claude, 'x-user-id': 'bob', ...byId },
      { ...nordwind, 'x-user-id': 'alice', ...byId },
      { 'x-user-id': 'alice', ...byId },
    ]) {
      const answer = await server.client(stranger).send('POST', '/v1/execute', { tool: 'view_cart' })
      expect(answer.status, JSON.stringify(stranger)).toBe(404)
    }
  })

  it('never makes another session of one that is named and is not there', async () => {
    for (const name of ['session_123', 'a.b.1.d']) {
      const { status, headers } = await server
        .client(claude)
        .send(
          'POST',
          '/v1/execute',
          { tool: 'add_to_cart', input: { sku: 'KL-CUP' } },
          { 'x-session-id': name },
        )
      expect(status).toBe(404)
      expect(headers.getSetCookie()).toEqual([])
    }
  })

  it('executes a named call once', async () => {
    const client = server.client(claude)
    await client.run('add_to_cart', { sku: 'KL-CUP' })
    const named = { 'idempotency-key': 'call-1' }
    const input = { sku: 'KL-GRIND', quantity: 2 }
    const one = await client.run('add_to_cart', input, named)
    const { headers, body } = await client.send('POST', '/v1/execute', { tool: 'add_to_cart', input }, named)
    expect(body['output']).toEqual(one)
    expect(headers.get('idempotency-replayed')).toBe('true')
    expect(await client.run('view_cart')).toMatchObject({ itemCount: 3 })
    const other = { tool: 'add_to_cart', input: { sku: 'KL-CUP' } }
    expect((await client.send('POST', '/v1/execute', other, named)).status).toBe(422)
    const all = await Promise.all(
      Array.from({ length: 10 }, () => client.run('add_to_cart', input, { 'idempotency-key': 'call-2' })),
    )
    expect(all).toHaveLength(10)
    expect(await client.run('view_cart')).toMatchObject({ itemCount: 5 })
  })

  it('says what is wrong with a call', async () => {
    const client = server.client(claude)
    const send = async (body: unknown, headers = {}) => {
      const answer = await client.send('POST', '/v1/execute', body, headers)
      return [answer.status, answer.body['path']]
    }
    expect(await send({ tool: 'fly' })).toEqual([404, 'tool'])
    expect(await send({ input: {} })).toEqual([400, 'tool'])
    expect(await send({ tool: 'add_to_cart', input: { sku: 'x', quantity: -1 } })).toEqual([
      400,
      'input.quantity',
    ])
    expect(await send({ tool: 'add_to_cart', input: { sku: 'nope' } })).toEqual([404, 'sku'])
    expect(await send({ tool: 'checkout' })).toEqual([400, 'cart'])
    expect(await send({ tool: 'view_cart' }, { authorization: 'Bearer wrong' })).toEqual([401, undefined])
    expect(await send({ tool: 'view_cart' }, { 'x-user-id': 'a b' })).toEqual([400, 'X-User-Id'])
    expect(server.errors).toEqual([])
  })

  it('keeps pages of other sites away from the cookie', async () => {
    const response = await fetch(`${server.url}/v1/execute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' },
      body: JSON.stringify({ tool: 'view_cart' }),
    })
    expect(response.status).toBe(403)
  })
})

describe('merchants', () => {
  it('are tenants: a key opens one of them, and its sessions are nowhere else', async () => {
    const client = server.client(nordwind)
    const { products } = await client.run('search_products', { limit: 20 })
    expect(new Set(products.map((each: { merchantId: string }) => each.merchantId))).toEqual(
      new Set(['nordwind']),
    )
    const wrong = { tool: 'add_to_cart', input: { sku: 'KL-CUP' } }
    expect((await client.send('POST', '/v1/execute', wrong)).status).toBe(404)
    expect(
      (await client.send('POST', '/v1/execute', { tool: 'select_merchant', input: { merchantId: null } }))
        .status,
    ).toBe(400)
    const elsewhere = server.client({ ...claude, 'x-session-id': client.credential! })
    expect((await elsewhere.send('POST', '/v1/execute', { tool: 'view_cart' })).status).toBe(404)
  })

  it('are a field of the session in the marketplace', async () => {
    const client = server.client(claude)
    await client.run('select_merchant', { merchantId: 'kaffeelaune' })
    const { products } = await client.run('search_products', { limit: 20 })
    expect(new Set(products.map((each: { merchantId: string }) => each.merchantId))).toEqual(
      new Set(['kaffeelaune']),
    )
    const { body } = await client.send('POST', '/v1/execute', { tool: 'view_cart' })
    expect(body['merchant']).toEqual({ id: 'kaffeelaune', name: 'Kaffeelaune' })
    const chosen = await client.send('POST', '/v1/execute', {
      tool: 'select_merchant',
      input: { merchantId: 'nordwind' },
    })
    expect(chosen.body['merchant']).toEqual({ id: 'nordwind', name: 'Nordwind Outdoor' })
    const none = await client.send('POST', '/v1/execute', {
      tool: 'select_merchant',
      input: { merchantId: null },
    })
    expect(none.body['merchant']).toBeNull()
    expect((await client.run('search_products', { limit: 20 }))['total']).toBe(15)
  })
})

describe('recommend', () => {
  it('knows the cart, what was looked at, and the preferences', async () => {
    const client = server.client(claude)
    await client.run('add_to_cart', { sku: 'KL-GRIND' })
    const { products, because } = await client.run('recommend', { limit: 2 })
    expect(because).toEqual(['coffee'])
    expect(products.map(({ sku }: { sku: string }) => sku)).toEqual(['KL-POUR', 'KL-KETTLE'])
    const { body } = await client.send('POST', '/v1/execute', { tool: 'view_cart' })
    await client.send('PATCH', `/v1/sessions/${body['sessionId']}/preferences`, { maxPrice: 5000 })
    const cheap = await client.run('recommend', { limit: 1 })
    expect(cheap['products'][0].sku).toBe('KL-POUR')
  })
})

it('executes a call of a name once, however many calls came since', async () => {
  const client = server.client(claude)
  const named = { 'idempotency-key': 'once' }
  const first = await client.run('add_to_cart', { sku: 'NW-STOVE' }, named)
  for (let n = 0; n < 110; n++) await client.run('add_to_cart', { sku: 'NW-LAMP' })
  const again = { tool: 'add_to_cart', input: { sku: 'NW-STOVE' } }
  const { body, headers } = await client.send('POST', '/v1/execute', again, named)
  expect([headers.get('idempotency-replayed'), body['output']]).toEqual(['true', first])
  const other = { tool: 'add_to_cart', input: { sku: 'NW-STOVE', quantity: 5 } }
  const refused = await client.send('POST', '/v1/execute', other, named)
  expect([refused.status, refused.body['code']]).toEqual([422, 'key_reused'])
  const later = { 'idempotency-key': 'later' }
  const one = await client.run('add_to_cart', { sku: 'NW-STOVE' }, later)
  expect(await client.run('add_to_cart', { sku: 'NW-STOVE' }, later)).toEqual(one)
  expect(await client.run('view_cart')).toMatchObject({ itemCount: 112 })
  const { body: seen } = await client.send('POST', '/v1/execute', { tool: 'view_cart' })
  const history = await client.send('GET', `/v1/sessions/${seen['sessionId']}/messages?direction=backward`)
  const ids = (history.body['messages'].items as { id: string }[]).map(({ id }) => id)
  expect(ids.filter((id) => id.startsWith('later.'))).toHaveLength(2)
})

it('tells assistants of its tools in the form of function calling', async () => {
  const { body } = await server.client(claude).send('GET', '/v1/tools')
  expect(body['tools'].map(({ name }: { name: string }) => name)).toEqual([
    'search_products',
    'select_merchant',
    'recommend',
    'add_to_cart',
    'view_cart',
    'clear_cart',
    'checkout',
    'continue_elsewhere',
    'look_around',
  ])
  expect(body['tools'][3].inputSchema.properties).toHaveProperty('sku')
})

it('keeps every call in the history, but for what is secret', async () => {
  const client = server.client(claude)
  await client.run('add_to_cart', { sku: 'KL-CUP' })
  const { secret, shortCode } = await client.run('continue_elsewhere', { to: 'phone' })
  const { body } = await client.send('POST', '/v1/execute', { tool: 'view_cart' })
  const history = await client.send('GET', `/v1/sessions/${body['sessionId']}/messages`)
  const { items } = history.body['messages']
  expect(items.map(({ role }: { role: string }) => role)).toEqual(
    Array.from({ length: 3 }, () => ['assistant', 'tool']).flat(),
  )
  expect(JSON.stringify(items)).not.toContain(secret)
  expect(JSON.stringify(items)).not.toContain(shortCode)
})
