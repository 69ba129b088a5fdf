import { memoryStore } from '@sessions/core'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { tieredStore } from '@sessions/store-tiered'
import type { OpenStore } from './open-store.js'
import { sealingFrom } from './sealed.js'
import { openSharded } from './sharded.js'
import { openSqlite } from './sqlite.js'
import { Redis as Upstash } from '@upstash/redis'

/** The address of Redis. */
export interface RedisSettings {
  /** `redis://` or `rediss://`, or `https://` for Upstash's REST. */
  url: string | undefined
  /** Upstash's token; absent for the others. */
  token?: string | undefined
}

type Env = Readonly<Record<string, string | undefined>>

/**
 * A store on Redis, by the client that fits its URL.
 *
 * @throws for a URL of another kind, and for a token that is missing or not needed.
 */
export function openRedis({ url, token }: RedisSettings): OpenStore {
  if (!URL.canParse(url ?? '')) {
    throw new Error(
      url
        ? 'redis.url is no URL: it must be like redis://localhost:6379'
        : 'redis.url is missing: is REDIS_URL set?',
    )
  }
  const { protocol } = new URL(url!)
  if (protocol === 'redis:' || protocol === 'rediss:') {
    if (token !== undefined) {
      throw new Error(`redis.token is for Upstash; a ${protocol}// URL has its password in itself`)
    }
    const client = createRedisClient(url!)
    return { store: redisStore(client), close: async () => client.disconnect() }
  }
  if (protocol !== 'https:' && protocol !== 'http:') {
    throw new Error(`redis.url must be redis://, rediss:// or https://, not ${protocol}//`)
  }
  if (token === undefined) throw new Error('redis.token is missing: Upstash asks for one')
  const client = new Upstash({ url: url!, token, enableTelemetry: false })
  return { store: redisStore(client), close: async () => {} }
}

const openers: Readonly<Record<string, (env: Env) => Promise<OpenStore>>> = {
  async memory() {
    return { store: memoryStore(), close: async () => {} }
  },

  sqlite: openSqlite,
  sharded: openSharded,

  async redis(env) {
    const { REDIS_URL, REDIS_TOKEN } = env
    if (REDIS_URL) return openRedis({ url: REDIS_URL, token: REDIS_TOKEN === '' ? undefined : REDIS_TOKEN })
    const server = await (await import('@sessions/testkit')).startRedis()
    const opened = openRedis({ url: server.url })
    return {
      store: opened.store,
      async close() {
        await opened.close()
        await server.stop()
      },
    }
  },

  async tiered(env) {
    const opened = await openers['redis']!(env)
    const store = tieredStore(opened.store, { hot: { maxBytes: 64 * 1024 * 1024 } })
    return { ...opened, store, reads: { maxAgeMs: 5000 } }
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
