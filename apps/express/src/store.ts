import { memoryStore, type SessionStore } from '@sessions/core'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { openSharded } from './sharded.js'
import { openSqlite } from './sqlite.js'

/** A store, and a function that closes what was opened for it. */
export interface OpenStore {
  readonly store: SessionStore
  close(): Promise<void>
}

type Env = Readonly<Record<string, string | undefined>>

const openers: Readonly<Record<string, (env: Env) => Promise<OpenStore>>> = {
  async memory() {
    return { store: memoryStore(), close: async () => {} }
  },

  sqlite: openSqlite,
  sharded: openSharded,

  async redis(env) {
    const server = env['REDIS_URL'] ? undefined : await (await import('@sessions/testkit')).startRedis()
    const client = createRedisClient(server?.url ?? env['REDIS_URL']!)
    return {
      store: redisStore(client),
      async close() {
        client.disconnect()
        await server?.stop()
      },
    }
  },

  async postgres(env) {
    const server = env['DATABASE_URL'] ? undefined : await (await import('@sessions/testkit')).startPostgres()
    const pool = createPostgresPool(server?.url ?? env['DATABASE_URL']!)
    // A demo creates its tables itself; a service runs its migrations before it is deployed.
    await migrate(pool)
    return {
      store: postgresStore(pool),
      async close() {
        await pool.end()
        await server?.stop()
      },
    }
  },
}

/**
 * The store of this name. `sqlite` is the file at `SESSIONS_SQLITE`, or one in the app's folder `data`. `sharded` is
 * three files beside it. `redis` and `postgres` use `REDIS_URL` and `DATABASE_URL`, or else a server that this
 * process starts; that server, and its data, end with the process.
 *
 * @throws for an unknown name.
 */
export async function openStore(name: string, env: Env): Promise<OpenStore> {
  const open = Object.hasOwn(openers, name) ? openers[name]! : undefined
  if (open === undefined) {
    throw new Error(`--store ${name} is unknown; there are: ${Object.keys(openers).join(', ')}`)
  }
  return open(env)
}

/** The store that the environment names: the one with a URL, Postgres first, else a file. */
export function storeFromEnv(env: Env): string {
  if (env['DATABASE_URL']) return 'postgres'
  return env['REDIS_URL'] ? 'redis' : 'sqlite'
}
