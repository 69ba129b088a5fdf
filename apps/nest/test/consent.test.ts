import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminToken, type Client, type Data, startServer, type TestServer } from './server.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const as = (userId: string): Client =>
  server.client({ authorization: 'Bearer demo-claude', 'x-user-id': userId })
const says = (granted: boolean) => ({ purpose: 'analytics', granted, version: '1', source: 'assistant' })
const usage = async (client: Client): Promise<unknown> =>
  ((await client.send('GET', '/v1/usage')).body['usage'] as Data)['calls']

describe('the calls of a user', () => {
  it('are counted only with consent', async () => {
    const alice = as('alice')
    await alice.run('add_to_cart', { sku: 'KL-CUP' })
    expect(await usage(alice)).toEqual({})
    const decided = await alice.send('PUT', '/v1/users/alice/consent', says(true))
    expect([decided.status, decided.body['removed']]).toEqual([200, {}])
    await alice.run('view_cart')
    await alice.run('view_cart')
    await alice.run('add_to_cart', { sku: 'KL-CUP' })
    await alice.send('POST', '/v1/execute', { tool: 'checkout' }, { 'idempotency-key': 'k' })
    await alice.send('POST', '/v1/execute', { tool: 'checkout' }, { 'idempotency-key': 'k' })
    expect(await usage(alice)).toEqual({ view_cart: 2, add_to_cart: 1, checkout: 1 })
    expect(await usage(as('bob'))).toEqual({})
    expect((await server.client().send('GET', '/v1/usage')).status).toBe(401)
  })

  it('are removed when the consent is withdrawn, and none are counted from then on', async () => {
    const carol = as('carol')
    await carol.send('PUT', '/v1/users/carol/consent', says(true))
    await Promise.all(Array.from({ length: 5 }, () => carol.run('view_cart')))
    expect(await usage(carol)).toEqual({ view_cart: 5 })
    const withdrawn = await carol.send('PUT', '/v1/users/carol/consent', says(false))
    expect(withdrawn.body).toMatchObject({
      removed: { calls: 5 },
      consent: { purposes: { analytics: { granted: false, version: '1', source: 'assistant' } } },
    })
    await carol.run('view_cart')
    expect(await usage(carol)).toEqual({})
    await carol.send('PUT', '/v1/users/carol/consent', says(true))
    expect(await usage(carol), 'what was counted before stays away').toEqual({})
  })

  it('are nobody’s, however a withdrawal meets them', async () => {
    const dave = as('dave')
    await dave.send('PUT', '/v1/users/dave/consent', says(true))
    await Promise.all([
      ...Array.from({ length: 10 }, () => dave.run('view_cart')),
      dave.send('PUT', '/v1/users/dave/consent', says(false)),
    ])
    expect(await usage(dave)).toEqual({})
  })

  it('go with the user', async () => {
    const erin = as('erin')
    await erin.send('PUT', '/v1/users/erin/consent', says(true))
    await erin.run('add_to_cart', { sku: 'KL-CUP' })
    const erased = await erin.send('DELETE', '/v1/users/erin')
    expect(erased.body['erasure']).toMatchObject({
      status: 'done',
      receipt: { by: 'subject', counts: { sessions: 1, calls: 1, users: 1 } },
    })
    expect(await usage(erin)).toEqual({})
    const again = await as('erin').send('POST', '/v1/execute', {
      tool: 'add_to_cart',
      input: { sku: 'KL-CUP' },
    })
    expect([again.status, again.body['code']]).toEqual([410, 'user_erased'])
  })
})

it('lets a user, and the admin, ask and decide, and nobody else', async () => {
  await as('fred').send('PUT', '/v1/users/fred/consent', says(true))
  const admin = server.client({ authorization: `Bearer ${adminToken}` })
  expect((await admin.send('GET', '/v1/users/fred/consent')).body['consent'].history).toHaveLength(1)
  for (const [client, status] of [
    [as('gina'), 403],
    [server.client(), 401],
  ] as const) {
    expect((await client.send('GET', '/v1/users/fred/consent')).status).toBe(status)
    expect((await client.send('PUT', '/v1/users/fred/consent', says(false))).status).toBe(status)
    expect((await client.send('DELETE', '/v1/users/fred')).status).toBe(status)
  }
  expect(server.errors).toEqual([])
})
