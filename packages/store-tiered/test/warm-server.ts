import type { SessionCache, SessionStore } from '@sessions/core/store'
import { redisCache, type RedisCacheOptions } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { type RedisServer, startRedis } from '@sessions/testkit'
import { afterAll, beforeAll } from 'vitest'
import { type TieredStore, tieredStore, type TieredStoreOptions } from '../src/index.js'

/** So little that memory keeps nothing, and the shared cache is asked each time. */
export const noMemory = { maxBytes: 1 }

/** A Redis for the tests of one file. */
export function useWarm() {
  let server: RedisServer
  const ends: (() => unknown)[] = []
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    for (const end of ends.splice(0).reverse()) await end()
    await server.stop()
  })
  /** The cache of a process of its own. */
  const cache = (options: RedisCacheOptions = {}): SessionCache => {
    const client = createRedisClient(server.url)
    ends.push(() => client.disconnect())
    return redisCache(client, { timeoutMs: 20_000, ...options })
  }
  return {
    get server() {
      return server
    },
    cache,
    /** A process: its memory, before the cache that all share. */
    open(last: SessionStore, options: Partial<TieredStoreOptions> = {}): TieredStore {
      const store = tieredStore(last, { hot: noMemory, warm: cache(), ...options })
      ends.push(() => store.close())
      return store
    },
  }
}
