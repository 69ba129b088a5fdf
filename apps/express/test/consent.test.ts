import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Client, type Data, startServer, type TestServer } from './server.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(async () => server.close())

const says = (granted: boolean) => ({ purpose: 'analytics', granted, version: '2', source: 'banner' })
const viewed = async (client: Client, path: string): Promise<Data> =>
  (await client.send('GET', `${path}/info`)).data['analytics'].viewed_products as Data
const look = async (client: Client, path: string, sku = 'KINDLE'): Promise<Data> =>
  (await client.send('POST', `${path}/views`, { sku })).data

test('counts what a shopper looks at only with consent, and shows it to the shopper', async () => {
  const client = server.client()
  const path = await client.start()
  expect((await client.send('GET', `${path}/consent`)).data['purposes']).toEqual({})
  expect((await look(client, path))['counted']).toBe(false)
  expect(await viewed(client, path)).toEqual({})
  const decided = await client.send('PUT', `${path}/consent`, says(true))
  expect(decided.data).toMatchObject({
    purposes: { analytics: { granted: true, version: '2', source: 'banner' } },
    removed: {},
  })
  await Promise.all(Array.from({ length: 5 }, () => look(client, path)))
  expect((await look(client, path, 'IPH15PRO-512'))['counted']).toBe(true)
  expect(await viewed(client, path)).toEqual({ KINDLE: 5, 'IPH15PRO-512': 1 })
  expect((await client.send('POST', `${path}/views`, { sku: 'nothing' })).status).toBe(404)
})

test('removes it when the consent is withdrawn, and says how much it was', async () => {
  const client = server.client()
  const path = await client.start()
  await client.send('PUT', `${path}/consent`, says(true))
  await look(client, path)
  await look(client, path)
  await client.ask('show me laptops')
  const withdrawn = await client.send('PUT', `${path}/consent`, says(false))
  expect(withdrawn.data).toMatchObject({ purposes: { analytics: { granted: false } }, removed: { views: 2 } })
  expect((await look(client, path))['counted']).toBe(false)
  expect(await viewed(client, path)).toEqual({})
  expect((await client.ask('something cheaper'))['answer'], 'the conversation stays').not.toContain('Which')
})

test('keeps nothing, however a withdrawal meets a view', async () => {
  const client = server.client()
  const path = await client.start()
  await client.send('PUT', `${path}/consent`, says(true))
  await Promise.all([
    ...Array.from({ length: 10 }, () => look(client, path)),
    client.send('PUT', `${path}/consent`, says(false)),
  ])
  expect(await viewed(client, path)).toEqual({})
})

test('is the holder’s own to decide, and knows one purpose', async () => {
  const [client, stranger] = [server.client(), server.client()]
  const path = await client.start()
  await stranger.start()
  for (const [method, body] of [
    ['GET', undefined],
    ['PUT', says(true)],
  ] as const) {
    expect((await stranger.send(method, `${path}/consent`, body)).status).toBe(404)
  }
  expect((await stranger.send('POST', `${path}/views`, { sku: 'KINDLE' })).status).toBe(404)
  for (const wrong of [{ purpose: 'storage' }, { version: '' }, { granted: 'yes' }, { more: 1 }]) {
    expect((await client.send('PUT', `${path}/consent`, { ...says(true), ...wrong })).status).toBe(400)
  }
  expect(server.errors).toEqual([])
})
