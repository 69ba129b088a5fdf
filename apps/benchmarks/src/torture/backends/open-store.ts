import type { SessionStore } from '@sessions/core'
import { createPostgresPool, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { sqliteStore } from '@sessions/store-sqlite'

export type ServerKind = 'redis' | 'postgres'

export interface OpenStore {
  readonly store: SessionStore
  close(): Promise<void>
}

/** The store of a file as an application would open it. */
export function openFile(path: string): OpenStore {
  const store = sqliteStore(path, { readTimeoutMs: 600, writeTimeoutMs: 800 })
  return { store, close: () => store.close() }
}

/** The store as an application would open it, over a client of its own. */
export function openStore(kind: ServerKind, url: string): OpenStore {
  if (kind === 'redis') {
    const client = createRedisClient(url)
    return {
      store: redisStore(client, { readTimeoutMs: 600, writeTimeoutMs: 800 }),
      async close() {
        client.disconnect()
      },
    }
  }
  const pool = createPostgresPool(url, { max: 4, connectionTimeoutMillis: 500 })
  return {
    store: postgresStore(pool, { readTimeoutMs: 600, writeTimeoutMs: 800 }),
    close: () => pool.end(),
  }
}
