import { memoryStore } from '@sessions/core'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import type { Entry } from '../contender.js'
import { rawMemory } from './raw-memory.js'
import { rawPostgres } from './raw-postgres.js'
import { rawRedis } from './raw-redis.js'
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
