import type { SessionBus, SessionStore } from '@sessions/core/store'
import { createPostgresPool, postgresStore } from '@sessions/store-postgres'
import { redisBus, redisCache, redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import type { ShardedStore } from '@sessions/store-sharded'
import { sqliteStore } from '@sessions/store-sqlite'
import { tieredStore } from '@sessions/store-tiered'
import { overShards } from './shards.js'

export type ServerKind = 'redis' | 'postgres' | 'portable' | 'sharded' | 'tiered'

export interface OpenStore {
  readonly store: SessionStore
  readonly bus?: SessionBus
  /** How old what is read may be, in milliseconds (default 0). */
  readonly readAgeMs?: number
  close(): Promise<void>
}

const timeouts = { readTimeoutMs: 600, writeTimeoutMs: 800 }

/** The store of a file as an application would open it. */
export function openFile(path: string): OpenStore {
  const store = sqliteStore(path, timeouts)
  return { store, close: () => store.close() }
}

/** The store as an application would open it, over a client of its own. */
export function openStore(kind: ServerKind, url: string): OpenStore {
  if (kind === 'redis') {
    const client = createRedisClient(url)
    return {
      store: redisStore(client, timeouts),
      async close() {
        client.disconnect()
      },
    }
  }
  if (kind === 'sharded') return openShards(url)
  if (kind === 'tiered') return openTiers(url)
  const pool = openPool(url)
  return {
    store: postgresStore(pool, { ...timeouts, ...(kind === 'portable' ? { statements: kind } : {}) }),
    close: () => pool.end(),
  }
}

/** Memory and a cache that all processes share before Redis, and a bus, all through the same bad network. */
function openTiers(url: string): OpenStore {
  const [client, subscriber] = [createRedisClient(url), createRedisClient(url)]
  const bus = redisBus(client, subscriber)
  const store = tieredStore(redisStore(client, timeouts), {
    hot: { maxBytes: 1024 * 1024 },
    warm: redisCache(client, { holdMs: 3000 }),
    bus,
    settleMs: 2000,
  })
  return {
    store,
    bus,
    readAgeMs: 500,
    async close() {
      await store.close()
      await bus.close()
      client.disconnect()
      subscriber.disconnect()
    },
  }
}

/** Shards in one database, over a pool that they share. */
export function openShards(url: string): OpenStore & { readonly store: ShardedStore } {
  const pool = openPool(url)
  const store = overShards((tablePrefix) => postgresStore(pool, { tablePrefix, ...timeouts }))
  return { store, close: () => pool.end() }
}

function openPool(url: string) {
  return createPostgresPool(url, { max: 4, connectionTimeoutMillis: 500 })
}
