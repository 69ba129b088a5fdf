import type { SessionStore } from '@sessions/core'
import { createPostgresPool, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import type { ShardedStore } from '@sessions/store-sharded'
import { sqliteStore } from '@sessions/store-sqlite'
import { overShards } from './shards.js'

export type ServerKind = 'redis' | 'postgres' | 'sharded'

export interface OpenStore {
  readonly store: SessionStore
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
  const pool = openPool(url)
  return {
    store: postgresStore(pool, timeouts),
    close: () => pool.end(),
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
