import { createSessions, memoryStore } from '@sessions/core'
import type { SessionBus, SessionNotice } from '@sessions/core/store'
import {
  type Endpoint,
  type FaultProxy,
  type RedisServer,
  startFaultProxy,
  startRedis,
  startRedisCluster,
  waitUntil,
} from '@sessions/testkit'
import { Cluster, Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { redisBus } from '../src/index.js'
import { preset } from './clients.js'

const ends: (() => unknown)[] = []
let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const notice: SessionNotice = { tenantId: 'acme', id: 's', kind: 'changed', incarnation: 'i', changes: 7 }
const topics = Array.from({ length: 64 }, (_, topic) => topic)

type Subscriber = Parameters<typeof redisBus>[1]

// As a careless user has it: no call of it has a deadline.
function plain(url: string): Redis {
  const client = new Redis(url)
  client.on('error', () => {})
  ends.push(() => client.disconnect())
  return client
}

const clients: readonly (readonly [name: string, open: (url: string) => Promise<Subscriber>])[] = [
  ['ioredis', async (url) => plain(url)],
  [
    'createRedisClient',
    async (url) => {
      const client = preset({ url })
      ends.push(() => client.disconnect())
      await waitUntil(() => client.status === 'ready', { what: 'the client' })
      return client
    },
  ],
  [
    'node-redis',
    async (url) => {
      const socket = { socketTimeout: 2000, reconnectStrategy: 100 }
      const client = createClient({ url, pingInterval: 500, socket })
      client.on('error', () => {})
      await client.connect()
      ends.push(() => client.destroy())
      return client
    },
  ],
]

async function proxied(target: Endpoint): Promise<FaultProxy> {
  const proxy = await startFaultProxy({ target })
  ends.push(() => proxy.stop())
  return proxy
}

async function open(publishUrl: string, subscriber: Subscriber): Promise<SessionBus> {
  const bus = redisBus(plain(publishUrl), subscriber)
  ends.push(() => bus.close())
  return bus
}

async function heard(bus: SessionBus) {
  const notices: SessionNotice[] = []
  let gaps = 0
  await bus.subscribe(topics, { notices: (more) => notices.push(...more), gap: () => gaps++ })
  return { notices, gaps: () => gaps }
}

describe.each(clients)('redisBus whose %s listens', (_, client) => {
  test('is down while nothing comes through, and goes on when it does', async () => {
    const proxy = await proxied(server)
    const [one, other] = [
      await open(server.url, await client(server.url)),
      await open(server.url, await client(proxy.through(server.url))),
    ]
    const { notices, gaps } = await heard(other)
    expect(other.isUp).toBe(true)
    for (let times = 1; times <= 2; times++) {
      const before = gaps()
      proxy.set({ kind: 'blackHole' })
      await waitUntil(() => !other.isUp && gaps() > before, { what: 'the silence to be noticed' })
      one.publish([{ ...notice, changes: times }])
      const missed = gaps()
      proxy.heal()
      await waitUntil(() => other.isUp && gaps() > missed, { what: 'the bus to be up' })
      await waitUntil(
        () => {
          one.publish([{ ...notice, changes: 10 * times }])
          return notices.some(({ changes }) => changes === 10 * times)
        },
        { what: 'a notice after it' },
      )
    }
  })

  test('a watcher hears of changes while nothing comes through', async () => {
    const proxy = await proxied(server)
    const store = memoryStore()
    const one = createSessions({ store, bus: await open(server.url, await client(server.url)) })
    const bus = await open(server.url, await client(proxy.through(server.url)))
    const other = createSessions({ store, bus })
    const alice = { tenantId: 'acme', userId: 'alice' }
    const session = await one.for(alice).create({ id: 's' })
    await heard(bus)
    const watch = (await other.for(alice).get('s')).watch()
    await watch.next()
    proxy.set({ kind: 'blackHole' })
    for (let revision = 2; revision < 6; revision++) {
      const next = watch.next()
      await session.state.merge({ revision })
      expect((await next).value?.revision).toBe(revision)
    }
    await watch.return()
  })

  test('closes although nothing comes through', async () => {
    const proxy = await proxied(server)
    const bus = redisBus(plain(proxy.through(server.url)), await client(proxy.through(server.url)))
    await heard(bus)
    proxy.set({ kind: 'blackHole' })
    bus.publish([notice])
    await bus.close()
  })
})

// node-redis makes no new one for others. With two, the first new connection is silent as well.
const silenced = clients
  .slice(0, 2)
  .flatMap(([name, client]) => [1, 2].map((times) => ({ name, client, times })))

test.each(silenced)(
  'redisBus whose $name listens makes a new connection where $times stay silent',
  async ({ client, times }) => {
    const proxy = await proxied(server)
    const one = await open(server.url, await client(server.url))
    const other = await open(server.url, await client(proxy.through(server.url)))
    const { notices } = await heard(other)
    // Those after them are passed on.
    proxy.set({ kind: 'halfOpen', times })
    await waitUntil(() => !other.isUp, { what: 'the silence to be noticed' })
    await waitUntil(() => other.isUp, { what: 'the bus to be up', timeoutMs: 60_000 })
    one.publish([notice])
    await waitUntil(() => notices.length > 0, { what: 'the notice' })
  },
)

test('redisBus on a Cluster makes a new connection where the old one stays silent', async () => {
  const cluster = await startRedisCluster(3)
  ends.push(() => cluster.stop())
  const proxies = await Promise.all(cluster.endpoints.map(proxied))
  const natMap = Object.fromEntries(
    cluster.endpoints.map(({ host, port }, index) => [
      `${host}:${port}`,
      { host: proxies[index]!.host, port: proxies[index]!.port },
    ]),
  )
  const direct = [...cluster.endpoints]
  const opened = (endpoints: Endpoint[], options = {}) => {
    const client = new Cluster(endpoints, options)
    client.on('error', () => {})
    ends.push(() => client.disconnect())
    return client
  }
  const throughProxies = () =>
    opened(
      proxies.map(({ host, port }) => ({ host, port })),
      { natMap },
    )
  const one = redisBus(opened(direct), opened(direct))
  const other = redisBus(opened(direct), throughProxies())
  ends.push(
    () => one.close(),
    () => other.close(),
  )
  const { notices } = await heard(other)
  for (const proxy of proxies) proxy.set({ kind: 'halfOpen', times: proxy.connections })
  await waitUntil(() => !other.isUp, { what: 'the silence to be noticed' })
  await waitUntil(() => other.isUp, { what: 'the bus to be up' })
  await waitUntil(
    () => {
      one.publish([notice])
      return notices.length > 0
    },
    { what: 'the notice' },
  )
})
