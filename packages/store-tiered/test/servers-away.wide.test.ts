import { once } from 'node:events'
import type { SessionBus, SessionStore } from '@sessions/core/store'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisBus, redisCache, redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import {
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
  startRedisReplicaPair,
  waitUntil,
} from '@sessions/testkit'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type TieredStore, tieredStore } from '../src/index.js'
import { maxAgeMs, tenantId, turn, underLoad } from './under-load.js'
/** A process: its memory and its connections. */
interface Process {
  readonly store: TieredStore
  readonly bus: SessionBus
}

describe('a tiered store of two processes over Postgres, with a Redis as cache and another one as bus', () => {
  let postgres: PostgresServer
  let warm: RedisServer
  let told: RedisServer
  let url: string
  let processes: Process[]
  let sessions = 0
  const pools: pg.Pool[] = []
  const clients: { disconnect(): void }[] = []
  beforeAll(async () => {
    ;[postgres, warm, told] = await Promise.all([startPostgres(), startRedis(), startRedis()])
    url = await postgres.createDatabase()
    await migrate(url)
    processes = [1, 2].map(() => {
      const pool = createPostgresPool(url)
      const [cache, publisher, subscriber] = [warm, told, told].map(({ url }) => createRedisClient(url))
      pools.push(pool)
      clients.push(cache!, publisher!, subscriber!)
      const bus = redisBus(publisher!, subscriber!)
      const store = tieredStore(postgresStore(pool), {
        hot: { maxBytes: 1024 * 1024 },
        // So little that a write of a process that could not end it is soon forgotten.
        warm: redisCache(cache!, { holdMs: 3000 }),
        bus,
      })
      return { store, bus }
    })
  })
  afterAll(async () => {
    for (const { store, bus } of processes) {
      await store.close()
      await bus.close()
    }
    for (const client of clients) client.disconnect()
    await Promise.all(pools.map((pool) => pool.end()))
    await Promise.all([postgres.stop(), warm.stop(), told.stop()])
  })

  let ids: string[]
  beforeEach(async () => {
    ids = Array.from({ length: 6 }, () => `s${++sessions}`)
    for (const id of ids) await processes[0]!.store.commit({ tenantId, id }, { revision: 0 })
  })

  const stores = () => processes.map(({ store }) => store)
  const warmHits = () => processes.reduce((sum, { store }) => sum + store.stats().warmHits, 0)
  const failures = () => processes.reduce((sum, { store }) => sum + store.stats().warmFailures, 0)

  test.each(['killed', 'frozen'] as const)(
    'the cache %s under load: no call fails, and it is used again',
    async (how) => {
      const codes = await underLoad(stores(), ids, async (progress) => {
        await progress()
        for (let times = 0; times < 2; times++) {
          const before = failures()
          await (how === 'killed' ? warm.kill() : warm.pause())
          await waitUntil(() => failures() > before, { what: 'calls without the cache' })
          await progress()
          await (how === 'killed' ? warm.restart() : warm.resume())
          const hits = warmHits()
          await waitUntil(() => warmHits() > hits, { what: 'the cache to answer again' })
          await progress()
        }
      })
      expect(codes).toEqual([])
    },
  )

  test.each(['killed', 'frozen'] as const)(
    'the bus %s under load: no call fails, and it is heard again',
    async (how) => {
      const heard = () => processes.map(({ store }) => store.stats().noticesIn)
      const codes = await underLoad(stores(), ids, async (progress) => {
        await progress()
        await (how === 'killed' ? told.kill() : told.pause())
        await progress()
        await progress()
        await (how === 'killed' ? told.restart() : told.resume())
        const before = heard()
        await waitUntil(() => heard().every((count, index) => count > before[index]!), {
          what: 'notices in both processes',
        })
        await progress()
      })
      expect(codes).toEqual([])
    },
  )

  test('the store killed under load: errors and nothing else, and nothing acknowledged is missing', async () => {
    const codes = await underLoad(stores(), ids, async (progress) => {
      for (let times = 0; times < 3; times++) {
        await progress()
        await postgres.kill()
        await postgres.restart()
      }
      await progress()
    })
    expect(codes).not.toEqual([])
    for (const code of codes) expect(['unavailable', 'unknown_outcome']).toContain(code)
  })

  test('all three killed at once under load: the same', async () => {
    const codes = await underLoad(stores(), ids, async (progress) => {
      await progress()
      const servers = [postgres, warm, told]
      await Promise.all(servers.map((server) => server.kill()))
      await Promise.all(servers.map((server) => server.restart()))
      await progress()
      await progress()
    })
    for (const code of codes) expect(['unavailable', 'unknown_outcome']).toContain(code)
  })
})

test('what a failover has lost no cache shows for longer than it may, and nothing is built on it', async () => {
  const [pair, cacheServer] = await Promise.all([startRedisReplicaPair(), startRedis()])
  onTestFinished(async () => {
    await Promise.all([pair.stop(), cacheServer.stop()])
  })
  const open = (server: RedisServer) => {
    const client = createRedisClient(server.url)
    onTestFinished(() => client.disconnect())
    return client
  }
  const onPrimary = redisStore(open(pair.primary), { onWarning: () => {} })
  const onReplica = redisStore(open(pair.replica), { onWarning: () => {} })
  let current: SessionStore = onPrimary
  // As a client that follows a failover does.
  const last = new Proxy(onPrimary, { get: (_, name: keyof SessionStore) => current[name] })
  const tiers = [1, 2].map(() =>
    tieredStore(last, { hot: { maxBytes: 1024 * 1024 }, warm: redisCache(open(cacheServer)), settleMs: 0 }),
  )
  const ref = { tenantId, id: 's' }
  const [one, other] = tiers as [TieredStore, TieredStore]
  await one.commit(ref, { revision: 0, body: 'kept', messages: [{ id: 'm', payload: 'kept' }] })
  await pair.caughtUp()
  // From here on it hears of nothing.
  const admin = open(pair.replica)
  await once(admin, 'ready')
  await admin.call('REPLICAOF', 'NO', 'ONE')
  await one.read(ref, { tail: 9, maxAgeMs })
  const { record } = await one.commit(ref, {
    revision: 1,
    body: 'lost',
    messages: [{ id: 'n', payload: 'lost' }],
  })
  expect((await other.read(ref, { tail: 9, maxAgeMs }))?.body).toBe('lost')
  await pair.primary.kill()
  current = onReplica
  const failedOver = performance.now()
  let shown = 0
  for (let read = 0; performance.now() - failedOver < 3 * maxAgeMs; read++) {
    const begun = performance.now()
    for (const tier of tiers) {
      const found = await tier.read(ref, { tail: 9, maxAgeMs })
      if (found?.body === 'lost') shown++
      if (begun - failedOver > maxAgeMs) expect([found?.body, found?.messages.length]).toEqual(['kept', 1])
    }
    await turn()
  }
  expect(shown).toBeGreaterThan(0)
  await expect(one.commit(ref, { revision: record.revision, body: 'on it' })).rejects.toMatchObject({
    code: 'conflict',
  })
  expect((await other.commit(ref, { messages: [{ id: 'n', payload: 'again' }] })).messages).toMatchObject([
    { seq: 2, inserted: true },
  ])
  expect((await one.read(ref, { tail: 9 }))?.messages.map(({ payload }) => payload)).toEqual([
    'kept',
    'again',
  ])
})
