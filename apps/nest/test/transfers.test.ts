import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { startServer, type TestServer } from './server.js'

const claude = { authorization: 'Bearer demo-claude' }
const chatgpt = { authorization: 'Bearer demo-chatgpt' }

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())
afterEach(() => void vi.restoreAllMocks())

it('goes to the assistant it is meant for, and to no other', async () => {
  const from = server.client(claude)
  await from.run('add_to_cart', { sku: 'KL-CUP' })
  const { secret, shortCode } = await from.run('continue_elsewhere', { to: 'chatgpt' })
  // What a body claims does not count: the key says who it is.
  const redeem = (headers: Record<string, string>, body: object) => {
    const client = server.client(headers)
    return client
      .send('POST', '/v1/transfers/redeem', { ...body, audience: 'chatgpt' })
      .then((answer) => ({ ...answer, client }))
  }
  expect((await redeem(claude, { secret })).status).toBe(404)
  expect((await redeem({}, { secret })).status).toBe(404)
  expect((await redeem({ authorization: 'Bearer demo-nordwind' }, { secret })).status).toBe(404)
  const { status, client } = await redeem(chatgpt, { shortCode })
  expect(status).toBe(200)
  expect(await client.run('view_cart')).toMatchObject({ itemCount: 1 })
  expect((await from.send('POST', '/v1/execute', { tool: 'view_cart' })).status).toBe(404)
})

it('brings cart, preferences, history and state along', async () => {
  const from = server.client(claude)
  await from.run('select_merchant', { merchantId: 'kaffeelaune' })
  await from.run('add_to_cart', { sku: 'KL-CUP' })
  const { body } = await from.send('POST', '/v1/execute', { tool: 'view_cart' })
  const path = `/v1/sessions/${body['sessionId']}`
  await from.send('PATCH', `${path}/preferences`, { maxPrice: 5000 })
  const before = (await from.send('GET', `${path}/messages`)).body['messages'].items
  const { secret } = await from.run('continue_elsewhere', { to: 'phone' })
  const phone = server.client()
  await phone.send('POST', '/v1/transfers/redeem', { secret })
  expect((await phone.send('GET', `${path}/preferences`)).body['preferences']).toEqual({ maxPrice: 5000 })
  expect((await phone.send('GET', `${path}/state`)).body['state']).toMatchObject({
    merchantId: 'kaffeelaune',
  })
  const after = (await phone.send('GET', `${path}/messages`)).body['messages'].items
  expect(after.slice(0, before.length)).toEqual(before)
})

it('gives a user’s phone, where nobody is signed in, a copy', async () => {
  const alice = server.client({ ...claude, 'x-user-id': 'alice' })
  await alice.run('add_to_cart', { sku: 'KL-CUP' })
  const { secret, mode } = await alice.run('continue_elsewhere', { to: 'phone' })
  expect(mode).toBe('copy')
  const phone = server.client()
  await phone.send('POST', '/v1/transfers/redeem', { secret })
  expect(await phone.run('clear_cart')).toMatchObject({ itemCount: 0 })
  expect(await alice.run('view_cart')).toMatchObject({ itemCount: 1 })
})

it('counts wrong codes by caller, and tells them to wait', async () => {
  const visitor = server.client({ 'x-merchant': 'kaffeelaune' })
  const statuses = []
  for (let index = 0; index < 6; index++) {
    const wrong = { shortCode: `AAAA000${index}` }
    statuses.push((await visitor.send('POST', '/v1/transfers/redeem', wrong)).status)
  }
  expect(statuses).toEqual([404, 404, 404, 404, 404, 429])
})

it('opens every session of the marketplace for the admin', async () => {
  const somebody = server.client(claude)
  await somebody.run('add_to_cart', { sku: 'KL-CUP' })
  const { body } = await somebody.send('POST', '/v1/execute', { tool: 'view_cart' })
  const admin = server.client({ authorization: 'Bearer an-admin-token-for-tests' })
  expect((await admin.send('GET', `/v1/sessions/${body['sessionId']}/cart`)).status).toBe(200)
  expect((await server.client().send('GET', `/v1/sessions/${body['sessionId']}/cart`)).status).toBe(404)
})

it('leads to the page of its merchant, whatever route began it', async () => {
  for (const [key, shop] of [
    ['demo-nordwind', '?shop=nordwind'],
    ['demo-claude', ''],
  ] as const) {
    const from = server.client({ authorization: `Bearer ${key}` })
    const { body: made } = await from.send('POST', '/v1/sessions', { title: 'T' })
    const path = `/v1/sessions/${made['session'].id}/transfer`
    const { body: begun } = await from.send('POST', path, { mode: 'share', audience: 'phone' })
    expect(begun['url']).toBe(`${server.url}/continue${shop}#${begun['secret']}`)
    // As its page does: it says which shop it is in a header.
    const phone = server.client(shop === '' ? {} : { 'x-merchant': shop.slice('?shop='.length) })
    const { status } = await phone.send('POST', '/v1/transfers/describe', { secret: begun['secret'] })
    expect(status).toBe(200)
  }
})

it.each(['shop.example', 'javascript:alert(1)', 'https://shop.example/#x', 'https://user@shop.example'])(
  'does not start where its links would lead to %s',
  async (publicUrl) => {
    await expect(startServer({ publicUrl })).rejects.toThrow('no public URL')
  },
)

it.each([3_600_000, -3_600_000])(
  'says by its own clock how long a link works, which is %i ms off that of the store',
  async (offMs) => {
    const real = Date.now.bind(Date)
    vi.spyOn(Date, 'now').mockImplementation(() => real() + offMs)
    const from = server.client(claude)
    await from.run('add_to_cart', { sku: 'KL-CUP' })
    const { expiresAt } = await from.run('continue_elsewhere', { to: 'chatgpt' })
    const leftMs = Date.parse(expiresAt) - Date.now()
    expect(leftMs).toBeGreaterThan(0)
    expect(leftMs).toBeLessThan(1_800_000)
  },
)
