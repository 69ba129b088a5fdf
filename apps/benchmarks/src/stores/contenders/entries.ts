import { memoryStore } from '@sessions/core'
import { encryptedStore, staticKeyring } from '@sessions/core/sealed'
import type { SessionStore } from '@sessions/core/store'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { sqliteStore } from '@sessions/store-sqlite'
import { randomBytes } from 'node:crypto'
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
      // The store does not hold the event loop while the disk works, so neither does what it is measured by.
      open: async (folder) =>
        rawSqlite(join(folder, 'raw.db'), synchronous === 'full' ? 'beside the loop' : 'later'),
    },
  ]),
  {
    name: 'libsql by hand, on the loop',
    backend: 'sqlite full',
    role: 'peer',
    open: async (folder) => rawSqlite(join(folder, 'peer.db'), 'on the loop'),
  },
  ...withSealed({
    name: 'redisStore',
    backend: 'redis',
    async open(url) {
      const client = createRedisClient(url)
      await new Promise((resolve) => client.once('ready', resolve))
      return [redisStore(client), async () => client.disconnect()]
    },
  }),
  { name: 'ioredis by hand', backend: 'redis', role: 'raw', open: rawRedis },
  ...withSealed({
    name: 'postgresStore',
    backend: 'postgres',
    async open(url) {
      const pool = createPostgresPool(url)
      await migrate(pool)
      return [postgresStore(pool), () => pool.end()]
    },
  }),
  { name: 'pg by hand', backend: 'postgres', role: 'raw', open: rawPostgres },
]

interface StoreEntry extends Pick<Entry, 'name' | 'backend'> {
  open(url: string): Promise<readonly [store: SessionStore, close: () => Promise<void>]>
}

/** A store as it is, and with encryption in front of it. */
function withSealed(entry: StoreEntry): Entry[] {
  const { name, backend } = entry
  const contender = (seal: (store: SessionStore) => SessionStore) => async (url: string) => {
    const [store, close] = await entry.open(url)
    return storeContender(seal(store), close)
  }
  return [
    { name, backend, role: 'ours', open: contender((store) => store) },
    { name: 'encryptedStore', backend, role: 'sealed', open: contender(sealed) },
  ]
}

function sealed(store: SessionStore): SessionStore {
  const keys = { bench: randomBytes(32) }
  return encryptedStore(store, {
    keyring: staticKeyring({ current: 'bench', keys }),
    indexKey: randomBytes(32),
    keys: memoryStore(),
  })
}
