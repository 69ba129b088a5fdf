import { describeSessionStore } from '@sessions/core/testing'
import { createPostgresPool, migrate, postgresBus, postgresStore } from '@sessions/store-postgres'
import { redisBus, redisCache, redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { startPostgres, startRedis } from '@sessions/testkit'
import { tieredStore } from '../src/index.js'
import { hot, warmed } from './warmed.js'
import { useWarm } from './warm-server.js'
import { describeWarmAnswers } from './warm-suite.js'

describeSessionStore('tieredStore over Postgres, two memories and a bus', async () => {
  const server = await startPostgres()
  const url = await server.createDatabase()
  await migrate(url)
  const open = () => {
    const pool = createPostgresPool(url, { connectionTimeoutMillis: 240_000, statement_timeout: 0 })
    const bus = postgresBus({ publish: pool, listen: url })
    const patient = { readTimeoutMs: 240_000, writeTimeoutMs: 240_000 }
    return { pool, bus, store: tieredStore(postgresStore(pool, patient), { hot, bus }) }
  }
  const both = [open(), open()] as const
  return {
    store: warmed(both[0].store),
    peer: warmed(both[1].store),
    async close() {
      for (const { store, bus, pool } of both) {
        await store.close()
        await bus.close()
        await pool.end()
      }
      await server.stop()
    },
  }
})

const patient = { readTimeoutMs: 60_000, writeTimeoutMs: 60_000 }

describeSessionStore('tieredStore over Redis, two memories and a bus', async () => {
  const server = await startRedis()
  const clients = Array.from({ length: 4 }, () => createRedisClient(server.url))
  const open = (first: number) => {
    const bus = redisBus(clients[first]!, clients[first + 1]!)
    const store = tieredStore(redisStore(clients[first]!, patient), { hot, bus })
    return { store, bus }
  }
  const [one, other] = [open(0), open(2)]
  return {
    store: warmed(one.store),
    peer: warmed(other.store),
    async close() {
      await Promise.all([one.store.close(), other.store.close()])
      await Promise.all([one.bus.close(), other.bus.close()])
      for (const client of clients) client.disconnect()
      await server.stop()
    },
  }
})

describeSessionStore('tieredStore over Postgres, two memories and a Redis that both share', async () => {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
  const url = await postgres.createDatabase()
  await migrate(url)
  const open = () => {
    const pool = createPostgresPool(url, { connectionTimeoutMillis: 240_000, statement_timeout: 0 })
    const client = createRedisClient(redis.url)
    const last = postgresStore(pool, { readTimeoutMs: 240_000, writeTimeoutMs: 240_000 })
    return { pool, client, store: tieredStore(last, { hot, warm: redisCache(client) }) }
  }
  const both = [open(), open()] as const
  return {
    store: warmed(both[0].store),
    peer: warmed(both[1].store),
    async close() {
      for (const { store, client, pool } of both) {
        await store.close()
        client.disconnect()
        await pool.end()
      }
      await Promise.all([postgres.stop(), redis.stop()])
    },
  }
})

const shared = useWarm()

describeWarmAnswers(
  'the cache that processes share answers as the store does, in every chapter',
  /./,
  (last) => shared.open(last),
)
