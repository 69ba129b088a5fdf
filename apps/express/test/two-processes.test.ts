import { type RedisServer, startRedis } from '@sessions/testkit'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { AppOptions } from '../src/app.js'
import { createShopSessions } from '../src/shop-sessions.js'
import { openStore } from '../src/store.js'
import { type Client, type Data, readEvents, startServer } from './server.js'
import { readRest, readUntil, slowAssistant, stream, whole } from './streaming.js'

let redis: RedisServer
let closing: (() => Promise<void>)[] = []

beforeAll(async () => {
  redis = await startRedis()
})
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
})
afterAll(async () => redis.stop())

/** The app with a service and a connection of its own: all it shares with another one is the Redis. */
async function startProcess(options: Partial<AppOptions>): Promise<Client> {
  const opened = await openStore('redis', { REDIS_URL: redis.url })
  const credentialSecrets = ['a secret of these tests, 32 bytes long']
  const sessions = createShopSessions(opened, credentialSecrets)
  const server = await startServer({ sessions, ...options })
  closing.push(async () => {
    await server.close()
    await opened.close()
  })
  return server.client()
}

/** A caller of each of two, with one session; its path. */
async function startTwo(
  options: Partial<AppOptions> = {},
): Promise<{ callers: [Client, Client]; path: string }> {
  const callers: [Client, Client] = [await startProcess(options), await startProcess(options)]
  const path = await callers[0].start()
  callers[1].credential = callers[0].credential
  return { callers, path }
}

async function readAll(client: Client, path: string): Promise<Data[]> {
  return (await client.send('GET', `${path}/conversation?limit=100`)).data['conversation'] as Data[]
}

test('answers a message_id once, whichever processes it is sent to', async () => {
  const { assistant, go, runs } = slowAssistant()
  const { callers, path } = await startTwo({ assistant })
  const body = { q: 'hello', message_id: 'm-1' }
  const streams = await Promise.all(callers.map((caller) => stream(caller, body)))
  const begun = await Promise.all(streams.map((response) => readUntil(response, 'word4')))
  go()
  const ended = await Promise.all(streams.map(readRest))
  expect(runs()).toBe(1)

  const events = begun.map((text, at) => readEvents(text + ended[at]!).map(({ event }) => event))
  for (const of of events) {
    expect(of[0]).toMatchObject({ type: 'session', message_id: 'm-1', seq: 1 })
    expect(
      of
        .slice(1, -1)
        .map((event) => String(event['text']))
        .join(''),
    ).toBe(whole)
  }
  const [one, other] = events.map((of) => of.at(-1)!)
  expect(one).toMatchObject({ answer: whole, message: { seq: 2, status: 'completed' } })
  expect({ ...other, repeated: null }).toEqual({ ...one, repeated: null })
  expect([one!['repeated'], other!['repeated']].toSorted()).toEqual([false, true])
  expect((await readAll(callers[0], path)).map(({ content }) => String(content))).toEqual(['hello', whole])
})

test('answers the questions of one session one after the other, whichever processes they are sent to', async () => {
  const { callers, path } = await startTwo()
  await callers[0].ask('show me laptops')
  await Promise.all(callers.flatMap((caller) => [1, 2, 3].map(async () => caller.ask('add the first one'))))
  const roles = (await readAll(callers[0], path)).map(({ role }) => String(role))
  expect(roles).toEqual(Array.from({ length: 7 }, () => ['user', 'assistant']).flat())
  expect((await callers[0].send('GET', `${path}/cart`)).data['item_count']).toBe(6)
})

test('a tab sees at once what another one puts into the cart', async () => {
  const { callers, path } = await startTwo()
  const events = await callers[1].fetch('GET', `${path}/cart/events`)
  await readUntil(events, '"total":null')
  await callers[0].send('POST', `${path}/cart/add`, { sku: 'KINDLE' })
  const told = await readUntil(events, 'KINDLE')
  expect(readEvents(told)[0]!.event).toMatchObject({ type: 'cart', cart: [{ sku: 'KINDLE', quantity: 1 }] })
  await callers[0].send('DELETE', path)
  await readRest(events)
})
