import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { createSessions, memoryStore } from '@sessions/core'
import type { SessionBus, SessionNotice } from '@sessions/core/store'
import { type RedisServer, startRedis, startRedisCluster, waitUntil } from '@sessions/testkit'
import { Cluster, type Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createRedisClient } from '../src/client.js'
import { redisBus } from '../src/index.js'
import { ioredis, preset } from './clients.js'

let server: RedisServer
const ends: (() => unknown)[] = []
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const notice: SessionNotice = { tenantId: 'acme', id: 's', kind: 'changed', incarnation: 'i', changes: 7 }
const topics = Array.from({ length: 64 }, (_, topic) => topic)

async function heard(bus: SessionBus) {
  const notices: SessionNotice[] = []
  let gaps = 0
  const stop = await bus.subscribe(topics, {
    notices: (more) => notices.push(...more),
    gap: () => gaps++,
  })
  return { notices, gaps: () => gaps, stop }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

type Open = () => SessionBus | Promise<SessionBus>

function closing(bus: SessionBus): SessionBus {
  ends.push(() => bus.close())
  return bus
}

const byIoredis: Open = () => {
  const clients = [ioredis(server.url), ioredis(server.url)] as const
  ends.push(() => clients.forEach((client) => client.disconnect()))
  return closing(redisBus(...clients))
}

const byPreset: Open = async () => {
  const clients = [preset(server), preset(server)] as const
  ends.push(() => clients.forEach((client) => client.disconnect()))
  await waitUntil(() => clients.every(({ status }) => status === 'ready'), { what: 'both clients' })
  return closing(redisBus(...clients))
}

const byNodeRedis: Open = async () => {
  const clients = [createClient({ url: server.url }), createClient({ url: server.url })] as const
  for (const client of clients) client.on('error', () => {})
  await Promise.all(clients.map((client) => client.connect()))
  ends.push(() => clients.forEach((client) => client.destroy()))
  return closing(redisBus(...clients))
}

describe.each<[string, Open]>([
  ['ioredis', byIoredis],
  ['createRedisClient', byPreset],
  ['node-redis', byNodeRedis],
])('redisBus on %s', (_, open) => {
  test('tells other processes, and its own, once', async () => {
    const [one, other] = [await open(), await open()]
    const [here, there] = [await heard(one), await heard(other)]
    expect([one.isUp, other.isUp]).toEqual([true, true])
    one.publish([notice])
    await waitUntil(() => there.notices.length > 0, { what: 'the notice' })
    expect([here.notices, there.notices]).toEqual([[notice], [notice]])
    await there.stop()
    one.publish([notice])
    await waitUntil(() => here.notices.length === 2, { what: 'the own notice' })
    const other2 = await heard(other)
    one.publish([{ ...notice, changes: 8 }])
    await waitUntil(() => other2.notices.length > 0, { what: 'the notice after' })
    expect(there.notices).toHaveLength(1)
  })

  test('says that it missed something when the server was gone, and goes on when it is back', async () => {
    const [one, other] = [await open(), await open()]
    const { notices, gaps } = await heard(other)
    one.publish([notice])
    await waitUntil(() => notices.length === 1, { what: 'the notice' })
    const before = gaps()
    await server.kill()
    await waitUntil(() => gaps() > before && !other.isUp, { what: 'the gap' })
    one.publish([{ ...notice, changes: 8 }])
    await server.restart()
    await waitUntil(
      () => {
        if (one.isUp && other.isUp) one.publish([{ ...notice, changes: 9 }])
        return notices.some(({ changes }) => changes === 9)
      },
      { what: 'a notice after the restart' },
    )
  })
})

test.each([
  ['at once', {}],
  ['when it is first used', { lazyConnect: true }],
])('a client without a queue, which connects %s, is listened to from the start', async (_, options) => {
  const publisher = ioredis(server.url)
  const subscriber = createRedisClient(server.url, { connectTimeout: 10_000, ...options })
  ends.push(() => [publisher, subscriber].forEach((client) => client.disconnect()))
  const bus = closing(redisBus(publisher, subscriber))
  const { notices } = await heard(bus)
  expect(bus.isUp).toBe(true)
  bus.publish([notice])
  await waitUntil(() => notices.length > 0, { what: 'the notice' })
})

test('a client without a queue that gets no connection is told so', async () => {
  const gone = createRedisClient('redis://127.0.0.1:1', { lazyConnect: true })
  gone.on('error', () => {})
  ends.push(() => gone.disconnect())
  const bus = closing(redisBus(ioredis(server.url, { lazyConnect: true }), gone))
  await expect(heard(bus)).rejects.toMatchObject({ code: 'unavailable' })
})

test('a client with a queue, which connects when it is first used, goes on trying', async () => {
  const port = await freePort()
  const [publisher, subscriber] = [0, 1].map(() => {
    const client = ioredis(`redis://127.0.0.1:${port}`, { lazyConnect: true, retryStrategy: () => 20 })
    client.on('error', () => {})
    ends.push(() => client.disconnect())
    return client
  }) as [Redis, Redis]
  const front = createServer((socket) => {
    const { hostname, port: behind } = new URL(server.url)
    const upstream = connect(Number(behind), hostname)
    for (const one of [socket, upstream]) one.on('error', () => {})
    socket.pipe(upstream).pipe(socket)
  })
  subscriber.once('close', () => front.listen(port, '127.0.0.1'))
  ends.unshift(() => front.close())
  const bus = closing(redisBus(publisher, subscriber))
  await heard(bus)
  expect(bus.isUp).toBe(true)
})

test('watchers that begin while a client connects anew are told at once, and leave no listeners on it', async () => {
  const publisher = ioredis(server.url)
  const subscriber = createRedisClient(server.url)
  ends.push(() => [publisher, subscriber].forEach((client) => client.disconnect()))
  const bus = closing(redisBus(publisher, subscriber))
  const listener = { notices: () => {}, gap: () => {} }
  await bus.subscribe([0], listener)
  let most = 0
  subscriber.on('newListener', () => (most = Math.max(most, subscriber.listenerCount('ready'))))
  const asked = new Promise<PromiseSettledResult<unknown>[]>((resolve) => {
    subscriber.once('connecting', () => {
      const begun = topics.slice(1).map((topic) => bus.subscribe([topic], listener))
      resolve(Promise.allSettled(begun))
    })
  })
  subscriber.disconnect(true)
  for (const one of await asked) expect(one).toMatchObject({ reason: { code: 'unavailable' } })
  // Ours, and one of ioredis.
  expect(most).toBeLessThan(5)
})

test('a request to listen again that gets lost ends no process, and is made again', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  ends.push(() => process.off('unhandledRejection', note))
  // A network that loses such requests, and nothing else.
  let losing = 0
  const network = createServer((client) => {
    const upstream = connect(server.port, server.host)
    for (const socket of [client, upstream]) {
      socket.on('error', () => {})
      socket.on('close', () => [client, upstream].forEach((each) => each.destroy()))
    }
    client.on('data', (data) => {
      if (losing > 0 && data.toString().includes('subscribe')) losing--
      else upstream.write(data)
    })
    upstream.pipe(client)
  })
  await new Promise<void>((resolve) => network.listen(0, '127.0.0.1', resolve))
  ends.push(() => network.close())
  const { port } = network.address() as AddressInfo
  const clients = [
    ioredis(server.url),
    ioredis(`redis://127.0.0.1:${port}`, { commandTimeout: 100 }),
  ] as const
  ends.push(() => clients.forEach((client) => client.disconnect()))
  const bus = closing(redisBus(...clients))
  const { notices, gaps } = await heard(bus)
  losing = 2
  const before = gaps()
  await clients[0].call('CLIENT', ['KILL', 'TYPE', 'pubsub'])
  await waitUntil(() => (losing === 0 && bus.isUp) || unhandled.length > 0, {
    what: 'the bus to listen again',
  })
  expect(unhandled).toEqual([])
  expect(gaps()).toBeGreaterThan(before)
  const other = await byIoredis()
  other.publish([notice])
  await waitUntil(() => notices.length > 0, { what: 'a notice of another process' })
})

test('redisBus on a Cluster', async () => {
  const cluster = await startRedisCluster(3)
  ends.push(() => cluster.stop())
  const open = () => {
    const clients = [1, 2].map(() => new Cluster([...cluster.endpoints])) as [Cluster, Cluster]
    for (const client of clients) client.on('error', () => {})
    ends.push(() => clients.forEach((client) => client.disconnect()))
    return closing(redisBus(...clients))
  }
  const [one, other] = [open(), open()]
  const { notices } = await heard(other)
  one.publish([notice])
  await waitUntil(() => notices.length > 0, { what: 'the notice' })
  expect(notices).toEqual([notice])
})

test('a watcher of another process hears of a change at once', async () => {
  const store = memoryStore()
  const [one, other] = [await byIoredis(), await byIoredis()].map((bus) => createSessions({ store, bus }))
  const alice = { tenantId: 'acme', userId: 'alice' }
  const session = await one!.for(alice).create({ id: 's' })
  // So rarely would it ask by itself that the test would hang.
  const watch = (await other!.for(alice).get('s')).watch({ pollMs: 3_600_000 })
  expect((await watch.next()).value?.revision).toBe(1)
  for (let revision = 2; revision < 20; revision++) {
    const [{ value }] = await Promise.all([watch.next(), session.state.merge({ revision })])
    expect(value?.revision).toBe(revision)
  }
  await watch.return()
})

test('a user with the rights of the README may have it', async () => {
  const admin = ioredis(server.url)
  const rights = [
    'on',
    '>secret',
    'resetchannels',
    '&sessions:*',
    '+info',
    '+publish',
    '+subscribe',
    '+unsubscribe',
  ]
  await admin.call('ACL', ['SETUSER', 'teller', ...rights])
  const clients = [1, 2].map(() => ioredis(server.url, { username: 'teller', password: 'secret' }))
  ends.push(() => [admin, ...clients].forEach((client) => client.disconnect()))
  const bus = closing(redisBus(clients[0]!, clients[1]!))
  const { notices } = await heard(bus)
  const { notices: there } = await heard(await byIoredis())
  bus.publish([notice])
  await waitUntil(() => there.length > 0, { what: 'the notice' })
  expect(notices).toEqual([notice])
})

test('a bus that is closed leaves its clients as they were, and tells nothing more', async () => {
  const counted = ['connect', 'close', 'ready', 'message', 'reconnecting', 'end']
  const clients = [ioredis(server.url), ioredis(server.url)] as const
  const node = [createClient({ url: server.url }), createClient({ url: server.url })] as const
  for (const client of node) client.on('error', () => {})
  await Promise.all(node.map((client) => client.connect()))
  ends.push(() => [...clients, ...node].forEach((client) => void client.disconnect()))
  await waitUntil(() => clients.every(({ status }) => status === 'ready'), { what: 'both clients' })
  const teller = await byIoredis()
  for (const [publisher, subscriber] of [clients, node] as const) {
    const listening = () => counted.map((event) => subscriber.listenerCount(event))
    const before = [listening(), (subscriber as { options?: object }).options]
    const given = { ...(before[1] as object) }
    const bus = redisBus(publisher, subscriber)
    const { notices } = await heard(bus)
    teller.publish([notice])
    await waitUntil(() => notices.length === 1, { what: 'the notice' })
    await bus.close()
    expect(listening()).toEqual(before[0])
    expect({ ...(subscriber as { options?: object }).options }).toEqual(given)
    const { notices: others, stop } = await heard(await byIoredis())
    teller.publish([{ ...notice, changes: 8 }])
    await waitUntil(() => others.length === 1, { what: 'the notice of another bus' })
    await stop()
    expect(notices).toHaveLength(1)
  }
})

test('buses with other prefixes hear nothing of each other', async () => {
  const open = (prefix?: string) => {
    const clients = [ioredis(server.url), ioredis(server.url)] as const
    ends.push(() => clients.forEach((client) => client.disconnect()))
    return closing(redisBus(...clients, prefix === undefined ? {} : { prefix }))
  }
  const [one, other] = [open('one:'), open()]
  const [here, there] = [await heard(one), await heard(other)]
  one.publish([notice])
  other.publish([{ ...notice, changes: 8 }])
  await waitUntil(() => here.notices.length > 0 && there.notices.length > 0, { what: 'both notices' })
  expect([here.notices, there.notices]).toEqual([[notice], [{ ...notice, changes: 8 }]])
})

test('what is no client is refused, and one client for both, too', () => {
  const client = ioredis(server.url)
  ends.push(() => client.disconnect())
  const invalid = (path: string) => expect.objectContaining({ code: 'invalid', path }) as Error
  expect(() => redisBus({} as never, client)).toThrow(invalid('publisher'))
  expect(() => redisBus(client, {} as never)).toThrow(invalid('subscriber'))
  expect(() => redisBus(client, client)).toThrow(invalid('subscriber'))
  expect(() => redisBus(null as never, client)).toThrow(invalid('publisher'))
  expect(() => redisBus(client, undefined as never)).toThrow(invalid('subscriber'))
  const other = ioredis(server.url)
  ends.push(() => other.disconnect())
  expect(() => redisBus(client, other, { prefx: 'one:' } as never)).toThrow(invalid('prefx'))
  expect(() => redisBus(client, other, { prefix: 5 } as never)).toThrow(invalid('prefix'))
  expect(() => redisBus(client, other, null as never)).toThrow(invalid('options'))
})
