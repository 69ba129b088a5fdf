import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SessionStore } from '@sessions/core'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { sqliteStore } from '@sessions/store-sqlite'
import { startPostgres, startRedis } from '@sessions/testkit'
import Database from 'libsql'

/** A server, or a file, that several processes share. */
export interface Backend {
  readonly url: string
  readonly store: SessionStore
  /** Every row, key and member there is, as one text, whatever the store would list. */
  readonly dump: () => Promise<string>
  readonly close: () => Promise<unknown>
}

export const backends = {
  async redis(): Promise<Backend> {
    const server = await startRedis()
    const client = createRedisClient(server.url, { commandTimeout: 240_000 })
    const dump = async () => {
      const keys = await client.keys('*')
      const valueOf = async (key: string) => {
        const type = await client.type(key)
        if (type === 'list') return client.lrange(key, 0, -1)
        if (type === 'hash') return client.hgetall(key)
        if (type === 'zset') return client.zrange(key, '0', '-1')
        if (type === 'set') return client.smembers(key)
        return client.get(key)
      }
      return JSON.stringify(await Promise.all(keys.map(async (key) => [key, await valueOf(key)])))
    }
    const close = async () => {
      client.disconnect()
      await server.stop()
    }
    return { url: server.url, store: redisStore(client), dump, close }
  },
  async postgres(): Promise<Backend> {
    const server = await startPostgres()
    const pool = createPostgresPool(server.url, { max: 10 })
    await migrate(pool)
    const dump = async () => {
      const { rows } = await pool.query<{ name: string }>(
        `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
         where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
      )
      const tables: unknown[] = []
      for (const { name } of rows) tables.push(name, (await pool.query(`select * from ${name}`)).rows)
      return JSON.stringify(tables)
    }
    const close = async () => {
      await pool.end()
      await server.stop()
    }
    return { url: server.url, store: postgresStore(pool), dump, close }
  },
  async sqlite(): Promise<Backend> {
    const dir = mkdtempSync(join(tmpdir(), 'sessions-erase-'))
    const url = join(dir, 'sessions.db')
    const store = sqliteStore(url, { synchronous: 'normal' })
    const dump = async () => {
      const database = new Database(url)
      const names = database.prepare("select name from sqlite_master where type = 'table'").all() as {
        name: string
      }[]
      const tables = names.map(({ name }) => [name, database.prepare(`select * from "${name}"`).all()])
      database.close()
      return JSON.stringify(tables)
    }
    const close = async () => {
      await store.close()
      rmSync(dir, { recursive: true, force: true })
    }
    return { url, store, dump, close }
  },
} satisfies Record<string, () => Promise<Backend>>
