import type { SessionBus } from '@sessions/core/store'
import { createPostgresPool, migrate, postgresBus, postgresStore } from '@sessions/store-postgres'
import { redisBus, redisCache } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import {
  type FaultProxy,
  type PostgresServer,
  type RedisServer,
  startFaultProxy,
  startPostgres,
  startRedis,
  waitUntil,
} from '@sessions/testkit'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TieredStore, tieredStore } from '../src/index.js'
import { tenantId, underLoad } from './under-load.js'

/** A process, and the ways to its servers, each of which may fall silent by itself. */
interface Process {
  readonly store: TieredStore
  readonly bus: SessionBus
  readonly ways: Readonly<Record<'cache' | 'bus' | 'store', FaultProxy>>
  end(): Promise<void>
}

// A server may stay there and answer nothing, or be gone without a word.
const silences = ['blackHole', 'halfOpen'] as const
// For both processes, or for one alone: the other one goes on to change what it has.
const reaches = [2, 1] as const
const cases = silences.flatMap((kind) => reaches.map((reach) => ({ kind, reach })))

describe.each(['redisBus', 'postgresBus'] as const)(
  'a tiered store of two processes, and %s',
  (kindOfBus) => {
    let postgres: PostgresServer
    let redis: RedisServer
    let processes: Process[]
    let sessions = 0
    beforeAll(async () => {
      ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
      const url = await postgres.createDatabase()
      await migrate(url)
      processes = await Promise.all([1, 2].map(() => open(url)))
    })
    afterAll(async () => {
      await Promise.all(processes.map((process) => process.end()))
      await Promise.all([postgres.stop(), redis.stop()])
    })

    async function open(url: string): Promise<Process> {
      const busServer = kindOfBus === 'redisBus' ? redis : postgres
      const [cache, told, stored] = await Promise.all(
        [redis, busServer, postgres].map((target) => startFaultProxy({ target })),
      )
      const ways = { cache: cache!, bus: told!, store: stored! }
      const pool: pg.Pool = createPostgresPool(ways.store.through(url))
      const clients = [ways.cache, ways.bus, ways.bus].map((way) => createRedisClient(way.through(redis.url)))
      const [client, publisher, subscriber] = clients
      const bus =
        kindOfBus === 'redisBus'
          ? redisBus(publisher!, subscriber!)
          : postgresBus({ publish: pool, listen: ways.bus.through(url) })
      const store = tieredStore(postgresStore(pool, { readTimeoutMs: 4000, writeTimeoutMs: 4000 }), {
        hot: { maxBytes: 1024 * 1024 },
        warm: redisCache(client!, { holdMs: 3000 }),
        bus,
        settleMs: 4000,
      })
      return {
        store,
        bus,
        ways,
        async end() {
          await store.close()
          await bus.close()
          for (const each of clients) each.disconnect()
          await pool.end()
          await Promise.all(Object.values(ways).map((way) => way.stop()))
        },
      }
    }

    let ids: string[]
    beforeEach(async () => {
      ids = Array.from({ length: 6 }, () => `s${++sessions}`)
      for (const id of ids) await processes[0]!.store.commit({ tenantId, id }, { revision: 0 })
    })

    const load = (torment: (progress: () => Promise<void>) => Promise<unknown>) =>
      underLoad(
        processes.map(({ store }) => store),
        ids,
        torment,
      )
    const each = (affected: readonly Process[], count: (process: Process) => number) => {
      const before = affected.map(count)
      return (what: string) =>
        waitUntil(() => affected.every((process, index) => count(process) > before[index]!), { what })
    }

    test.each(cases)(
      'the cache silent ($kind) for $reach: no call fails, and it is used again',
      async ({ kind, reach }) => {
        const affected = processes.slice(0, reach)
        const codes = await load(async (progress) => {
          await progress()
          for (let times = 0; times < 2; times++) {
            const failed = each(affected, ({ store }) => store.stats().warmFailures)
            for (const { ways } of affected) ways.cache.set({ kind })
            await failed('calls without the cache')
            await progress()
            for (const { ways } of affected) ways.cache.heal()
            await each(affected, ({ store }) => store.stats().warmHits)('the cache to answer again')
            await progress()
          }
        })
        expect(codes).toEqual([])
      },
    )

    test.each(cases)(
      'the bus silent ($kind) for $reach: no call fails, and it is heard again',
      async ({ kind, reach }) => {
        const affected = processes.slice(0, reach)
        const codes = await load(async (progress) => {
          await progress()
          for (const { ways } of affected) ways.bus.set({ kind })
          await waitUntil(() => affected.every(({ bus }) => !bus.isUp), { what: 'the silence to be noticed' })
          await progress()
          for (const { ways } of affected) ways.bus.heal()
          await waitUntil(() => affected.every(({ bus }) => bus.isUp), { what: 'the bus to be up' })
          await each(processes, ({ store }) => store.stats().noticesIn)('notices in both processes')
          await progress()
        })
        expect(codes).toEqual([])
      },
    )

    test.each(cases)(
      'the store silent ($kind) for $reach: errors that say so, and nothing is lost',
      async ({ kind, reach }) => {
        const affected = processes.slice(0, reach)
        const codes = await load(async (progress) => {
          for (let times = 0; times < 2; times++) {
            await progress()
            const struck = each(affected, ({ ways }) => ways.store.hits)
            for (const { ways } of affected) ways.store.set({ kind })
            await struck('bytes that get lost')
            if (reach === 1) await progress()
            for (const { ways } of affected) ways.store.heal()
          }
          await progress()
        })
        for (const code of codes) expect(['unavailable', 'unknown_outcome']).toContain(code)
      },
    )

    test('all of them silent at once: the same', async () => {
      const all = processes.flatMap(({ ways }) => Object.values(ways))
      const codes = await load(async (progress) => {
        await progress()
        for (const way of all) way.set({ kind: 'blackHole' })
        await waitUntil(() => processes.every(({ bus, ways }) => !bus.isUp && ways.store.hits > 0), {
          what: 'the silence to be noticed',
        })
        for (const way of all) way.heal()
        await waitUntil(() => processes.every(({ bus }) => bus.isUp), { what: 'the bus to be up' })
        await progress()
        await each(processes, ({ store }) => store.stats().warmHits)('the cache to answer again')
      })
      expect(codes).not.toEqual([])
      for (const code of codes) expect(['unavailable', 'unknown_outcome']).toContain(code)
    })
  },
)
