import { memoryStore } from '@sessions/core'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { sqliteStore } from '@sessions/store-sqlite'
import { join } from 'node:path'
import type { Entry } from '../contender.js'
import { rawMemory } from './raw-memory.js'
import { rawPostgres } from './raw-postgres.js'
import { rawRedis } from './raw-redis.js'
import { rawSqlite } from './raw-sqlite.js'
import { storeContender } from './store-contender.js'

/** All contenders. A peer joins by a line here and a file in this folder. */
export const entries: readonly Entry[] = [
  {
    name: 'memoryStore',
    backend: 'memory',
    role: 'ours',
    open: async () => storeContender(memoryStore({ maxBytes: 4 * 1024 ** 3 }), async () => undefined),
  },
  { name: 'a Map by hand', backend: 'memory', role: 'raw', open: async () => rawMemory() },
  ...(['normal', 'full'] as const).flatMap((synchronous): Entry[] => [
    {
      name: 'sqliteStore',
      backend: `sqlite ${synchronous}`,
      role: 'ours',
      async open(folder) {
        const store = sqliteStore(join(folder, 'ours.db'), { synchronous })
        return storeContender(store, () => store.close())
      },
    },
    {
      name: 'libsql by hand',
      backend: `sqlite ${synchronous}`,
      role: 'raw',
      open: async (folder) => rawSqlite(join(folder, 'raw.db'), synchronous),
    },
  ]),
  {
    name: 'redisStore',
    backend: 'redis',
    role: 'ours',
    async open(url) {
      const client = createRedisClient(url)
      await new Promise((resolve) => client.once('ready', resolve))
      return storeContender(redisStore(client), async () => client.disconnect())
    },
  },
  { name: 'ioredis by hand', backend: 'redis', role: 'raw', open: rawRedis },
  {
    name: 'postgresStore',
    backend: 'postgres',
    role: 'ours',
    async open(url) {
      const pool = createPostgresPool(url)
      await migrate(pool)
      return storeContender(postgresStore(pool), () => pool.end())
    },
  },
  { name: 'pg by hand', backend: 'postgres', role: 'raw', open: rawPostgres },
]
