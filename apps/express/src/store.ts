import { memoryStore, type SessionStore } from '@sessions/core'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'

/** A store, and how to let go of what was opened for it. */
export interface OpenStore {
  readonly store: SessionStore
  close(): Promise<void>
}

type Env = Readonly<Record<string, string | undefined>>

const openers: Readonly<Record<string, (env: Env) => Promise<OpenStore>>> = {
  async memory() {
    return { store: memoryStore(), close: async () => {} }
  },

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
    // A demo brings its tables along; a service runs its migrations before it is deployed.
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
 * The store of this name. `redis` and `postgres` are where `REDIS_URL` and `DATABASE_URL` say, or else on a server of
 * our own that ends with the process, and what it holds with it.
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

/** Which store the environment asks for: the one it has a URL for, Postgres first, else memory. */
export function storeFromEnv(env: Env): string {
  if (env['DATABASE_URL']) return 'postgres'
  return env['REDIS_URL'] ? 'redis' : 'memory'
}
