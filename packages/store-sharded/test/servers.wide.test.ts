import {
  describeSessionStore,
  describeTransfers,
  describeTurns,
  haltingStore,
  wrapStore,
} from '@sessions/core/testing'
import type { SessionStore } from '@sessions/core/store'
import { migrate, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { startPostgres, startRedis } from '@sessions/testkit'
import { Redis } from 'ioredis'
import pg from 'pg'
import { memoryStore } from '@sessions/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashRoute, shardedStore } from '../src/index.js'
import { processTiming } from '../src/timing.js'
import { expectWhole, fill, tenants, write } from './moving.js'

const ends: (() => unknown)[] = []
let open: (name: string) => Promise<{ redis: SessionStore; postgres: SessionStore; home: SessionStore }>

beforeAll(async () => {
  const redis = await startRedis()
  ends.push(() => redis.stop())
  const postgres = await startPostgres()
  ends.push(() => postgres.stop())
  const urls = new Map<string, Promise<string>>()
  const slow = { readTimeoutMs: 60_000, writeTimeoutMs: 60_000 }
  const databaseOf = (name: string) => {
    const known = urls.get(name) ?? postgres.createDatabase()
    urls.set(name, known)
    return known
  }
  const poolOf = async (name: string) => {
    const pool = new pg.Pool({
      connectionString: await databaseOf(name),
      max: 8,
      connectionTimeoutMillis: 60_000,
    })
    ends.push(() => pool.end())
    await migrate(pool)
    return postgresStore(pool, slow)
  }
  open = async (name) => {
    const client = new Redis(redis.url, { commandTimeout: 60_000 })
    ends.push(() => client.disconnect())
    return {
      redis: redisStore(client, { keyPrefix: name, ...slow }),
      postgres: await poolOf(name),
      home: await poolOf(`${name}-home`),
    }
  }
})

afterAll(async () => {
  for (const end of ends.reverse()) await end()
})

const route = hashRoute(['redis', 'postgres'], { by: 'session' })

async function mixed(name: string) {
  const [store, peer] = [await open(name), await open(name)].map(({ home, ...shards }) =>
    shardedStore({ shards, route, home }),
  )
  return { store: store!, peer: peer! }
}

describeSessionStore('shardedStore over Redis and Postgres, by session', () => mixed('suite'))
describeTurns('shardedStore over Redis and Postgres', () => mixed('turns'))
describeTransfers('shardedStore over Redis and Postgres', () => mixed('transfers'))

describe('movePartition of 10,000 sessions under load, killed at 20 points', () => {
  it('loses, doubles and brings back nothing', async () => {
    const leaseMs = 2000
    const onRedis = hashRoute(['redis'], { by: 'session' })
    const process = async () => {
      const { home, ...shards } = await open('move')
      return { home, shards, store: shardedStore({ shards, route: onRedis, home, leaseMs }) }
    }
    const [one, other] = [await process(), await process()]
    const story = await fill(one.store, 10_000, 10)
    let isOver = false
    const writers = [one, other, one, other].map(({ store }, n) =>
      write(store, story, { name: `w${n}`, timing: processTiming, isOver: () => isOver }),
    )
    const partition = Array.from({ length: 4096 }, (_, n) => String(n))
    const move = { partition, to: 'postgres', tenants: () => tenants }
    // Of calls that are no reads: in the copy of all, in the looks and freezes after it, and in the emptying.
    const points = [20, ...range(6, 1400, 0), 1700, ...range(5, 60, 60), ...range(7, 1200, 0)]
    for (const [n, call] of points.entries()) {
      const halting = haltingStore(memoryStore(), { call, when: n % 2 === 0 ? 'before' : 'after' })
      const mortal = (inner: SessionStore) =>
        wrapStore(inner, async (method, act) =>
          method === 'read' || method === 'messages' ? act() : halting.store.sweep({ limit: 1 }).then(act),
        )
      const mover = shardedStore({
        shards: { redis: mortal(one.shards.redis), postgres: mortal(one.shards.postgres) },
        route: onRedis,
        home: mortal(one.home),
        leaseMs,
      })
      const moving = mover.movePartition(move)
      expect(await Promise.race([moving, halting.died]), `kill ${n}`).toBeUndefined()
    }
    await other.store.movePartition(move)
    isOver = true
    await Promise.all(writers)
    await expectWhole(one.store, story, [one.shards.redis])
  }, 1_200_000)
})

const range = (length: number, first: number, step: number) =>
  Array.from({ length }, (_, n) => first + n * step)
