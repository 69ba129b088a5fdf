import { once } from 'node:events'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisCache, redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { startPostgres, startRedis } from '@sessions/testkit'
import { measureStore } from './measure-store.js'
import { cpuOf } from '../stores/server-cpu.js'
import type { CopyCosts, StoreCosts } from './coefficients.js'
import { measureSharedCopies } from './measure-copies.js'

export async function measureRedis(): Promise<StoreCosts> {
  return withRedis(async ({ client, info, ...server }) =>
    measureStore({
      ...server,
      store: redisStore(client, { readTimeoutMs: 20_000, writeTimeoutMs: 20_000 }),
      logBytes: () => info('aof_current_size'),
    }),
  )
}

export async function measureRedisCache(): Promise<CopyCosts> {
  return withRedis(async ({ client, ...server }) =>
    measureSharedCopies(redisCache(client, { timeoutMs: 20_000 }), server),
  )
}

interface RedisServer {
  readonly client: ReturnType<typeof createRedisClient>
  readonly info: (name: string) => Promise<number>
  bytes(): Promise<number>
  cpuUs(): Promise<number>
}

async function withRedis<Result>(work: (redis: RedisServer) => Promise<Result>): Promise<Result> {
  const server = await startRedis()
  const client = createRedisClient(server.url)
  await once(client, 'ready')
  const info = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(await client.info())?.[1])
  try {
    return await work({
      client,
      info,
      bytes: () => info('used_memory'),
      cpuUs: async () => 1e6 * ((await info('used_cpu_user')) + (await info('used_cpu_sys'))),
    })
  } finally {
    client.disconnect()
    await server.stop()
  }
}

export async function measurePostgres(): Promise<StoreCosts> {
  const server = await startPostgres()
  const pool = createPostgresPool(server.url, { max: 8, connectionTimeoutMillis: 20_000 })
  const one = async (sql: string): Promise<number> => {
    const { rows } = await pool.query<{ value: string }>(`select (${sql})::text as value`)
    return Number(rows[0]!.value)
  }
  try {
    await migrate(pool)
    const { rows } = await pool.query<{ name: string }>(
      `select oid::regclass::text as name from pg_class where relkind = 'r' and relname like '%session%'`,
    )
    const tables = rows.map(({ name }) => name)
    return await measureStore({
      store: postgresStore(pool, { readTimeoutMs: 20_000, writeTimeoutMs: 20_000 }),
      async bytes() {
        // Written anew, for what splits and grows in steps tells more of the order of arrival than of the rows.
        for (const name of tables) await pool.query(`vacuum full ${name}`)
        return one(
          `select sum(pg_total_relation_size(name::regclass)) from unnest('{${tables.join()}}'::text[]) name`,
        )
      },
      cpuUs: async () => cpuOf(server.pid),
      logBytes: () => one(`pg_current_wal_lsn() - '0/0'::pg_lsn`),
    })
  } finally {
    await pool.end()
    await server.stop()
  }
}
