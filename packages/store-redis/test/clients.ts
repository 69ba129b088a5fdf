import type { SessionStore } from '@sessions/core/store'
import { type RedisSentinel, type RedisServer, startRedis } from '@sessions/testkit'
import { Redis, type RedisOptions } from 'ioredis'
import { createRedisClient } from '../src/client.js'
import { redisStore, type RedisStoreOptions } from '../src/index.js'

/** As a careful user has it: bounded, quiet, and with room for a busy machine. */
export function ioredis(url: string, options: Omit<RedisOptions, 'replyMapping'> = {}): Redis {
  const client = new Redis(url, { commandTimeout: 10_000, ...options })
  client.on('error', () => {})
  return client
}

/** The preset, on a server of a test. */
export function preset(server: Pick<RedisServer, 'url'>): Redis {
  return createRedisClient(server.url)
}

/** Time enough for a busy machine, in suites that are not about time. */
export const patient = { readTimeoutMs: 20_000, writeTimeoutMs: 20_000 }

/** What leads a client of ioredis to the primary that Sentinels name; where its URL leads does not matter then. */
export function behind({ endpoints, name }: RedisSentinel) {
  return { sentinels: endpoints.map((each) => ({ ...each })), name }
}

/** Two stores over two clients of a server of their own, for the suites that core publishes. */
export async function openPair(
  clientOptions: Parameters<typeof ioredis>[1] = {},
  storeOptions: RedisStoreOptions = patient,
): Promise<{
  store: SessionStore
  peer: SessionStore
  client: Redis
  close: () => Promise<void>
}> {
  const server = await startRedis()
  const client = ioredis(server.url, clientOptions)
  const other = ioredis(server.url, clientOptions)
  return {
    store: redisStore(client, storeOptions),
    peer: redisStore(other, storeOptions),
    client,
    close: async () => {
      client.disconnect()
      other.disconnect()
      await server.stop()
    },
  }
}
