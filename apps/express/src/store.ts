import { memoryBus, memoryStore } from '@sessions/core'
import { createPostgresPool, migrate, postgresBus, postgresStore } from '@sessions/store-postgres'
import { redisBus, redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { tieredStore } from '@sessions/store-tiered'
import type { OpenStore } from './open-store.js'
import { sealingFrom } from './sealed.js'
import { openSharded } from './sharded.js'
import { openSqlite } from './sqlite.js'

type Env = Readonly<Record<string, string | undefined>>

async function openRedis(env: Env): Promise<OpenStore> {
  const server = env['REDIS_URL'] ? undefined : await (await import('@sessions/testkit')).startRedis()
  const url = server?.url ?? env['REDIS_URL']!
  const [client, subscriber] = [createRedisClient(url), createRedisClient(url)]
  const bus = redisBus(client, subscriber)
  return {
    store: redisStore(client),
    bus,
    async close() {
      await bus.close()
      client.disconnect()
      subscriber.disconnect()
      await server?.stop()
    },
  }
}

const openers: Readonly<Record<string, (env: Env) => Promise<OpenStore>>> = {
  async memory() {
    return { store: memoryStore(), bus: memoryBus(), close: async () => {} }
  },

  sqlite: openSqlite,
  sharded: openSharded,

  redis: openRedis,

  async tiered(env) {
    const opened = await openRedis(env)
    const bus = opened.bus === undefined ? {} : { bus: opened.bus }
    const store = tieredStore(opened.store, { hot: { maxBytes: 64 * 1024 * 1024 }, ...bus })
    return {
      ...opened,
      store,
      reads: { maxAgeMs: 5000 },
      async close() {
        await store.close()
        await opened.close()
      },
    }
  },

  async postgres(env) {
    const server = env['DATABASE_URL'] ? undefined : await (await import('@sessions/testkit')).startPostgres()
    const url = server?.url ?? env['DATABASE_URL']!
    const pool = createPostgresPool(url)
    const bus = postgresBus({ publish: pool, listen: url })
    // A demo creates its tables itself; a service runs its migrations before it is deployed.
    await migrate(pool)
    return {
      store: postgresStore(pool),
      bus,
      async close() {
        await bus.close()
        await pool.end()
        await server?.stop()
      },
    }
  },
}

/**
 * The store of this name. `sqlite` is the file at `SESSIONS_SQLITE`, or one in the app's folder `data`. `sharded` is
 * three files beside it. `tiered` is memory before `redis`. `redis` and `postgres` use `REDIS_URL` and `DATABASE_URL`, or else a server that this
 * process starts; that server, and its data, end with the process. With `SESSIONS_KEY` and `SESSIONS_INDEX_KEY` it is
 * sealed.
 *
 * @throws for an unknown name, and for keys that cannot be used.
 */
export async function openStore(name: string, env: Env): Promise<OpenStore> {
  const open = Object.hasOwn(openers, name) ? openers[name]! : undefined
  if (open === undefined) {
    throw new Error(`--store ${name} is unknown; there are: ${Object.keys(openers).join(', ')}`)
  }
  const seal = sealingFrom(env)
  const opened = await open(env)
  return { ...opened, store: seal(opened.store) }
}

/** The store that the environment names: the one with a URL, Postgres first, else a file. */
export function storeFromEnv(env: Env): string {
  if (env['DATABASE_URL']) return 'postgres'
  return env['REDIS_URL'] ? 'redis' : 'sqlite'
}
