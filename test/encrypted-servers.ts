import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encryptedStore, staticKeyring } from '@sessions/core/sealed'
import type { StoreUnderTest } from '@sessions/core/testing'
import type { SessionStore } from '@sessions/core/store'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { sqliteStore } from '@sessions/store-sqlite'
import { startPostgres, startRedis } from '@sessions/testkit'
import { Redis } from 'ioredis'

/** Two stores over the same data, and everything that the server and its files have of them. */
export interface OpenStores extends StoreUnderTest {
  /** Where another process finds the same data. */
  readonly url: string
  close(): Promise<void>
  dump(): Promise<Buffer>
}

/** A sealed store, as one process has it. */
export const sealed = (store: SessionStore) =>
  encryptedStore(store, {
    keyring: staticKeyring({ current: '2026', keys: { 2026: Buffer.alloc(32, 'a key') } }),
    indexKey: Buffer.alloc(32, 'the index key'),
  })

const slow = { readTimeoutMs: 60_000, writeTimeoutMs: 60_000 }

/** Every store that keeps its data outside of the process. */
export const openers: Readonly<Record<string, () => Promise<OpenStores>>> = {
  async redis() {
    const server = await startRedis()
    const clients = [0, 1].map(() => new Redis(server.url, { commandTimeout: 60_000 }))
    const [store, peer] = clients.map((client) => redisStore(client, slow))
    return {
      url: server.url,
      store: store!,
      peer: peer!,
      async close() {
        for (const client of clients) client.disconnect()
        await server.stop()
      },
      // The file of all writes holds every key, and what it was before.
      async dump() {
        const [, dir] = (await clients[0]!.config('GET', 'dir')) as [string, string]
        const keys = await clients[0]!.keys('*')
        return Buffer.concat([Buffer.from(JSON.stringify(keys)), filesOf(dir, /appendonly/)])
      },
    }
  },

  async postgres() {
    const server = await startPostgres()
    const url = await server.createDatabase()
    const pools = [0, 1].map(() => createPostgresPool(url, { connectionTimeoutMillis: 60_000 }))
    await migrate(pools[0]!)
    const [store, peer] = pools.map((pool) => postgresStore(pool, slow))
    return {
      url,
      store: store!,
      peer: peer!,
      async close() {
        await Promise.all(pools.map((pool) => pool.end()))
        await server.stop()
      },
      async dump() {
        const pool = pools[0]!
        const tables = await pool.query<{ name: string }>(
          `select table_name as name from information_schema.tables where table_schema = 'public'`,
        )
        const rows: string[] = []
        for (const { name } of tables.rows) {
          const { rows: found } = await pool.query<{ row: string }>(`select t::text as row from "${name}" t`)
          rows.push(...found.map(({ row }) => row))
        }
        const { rows: said } = await pool.query<{ dir: string }>(
          `select setting as dir from pg_settings where name = 'data_directory'`,
        )
        return Buffer.concat([
          Buffer.from(rows.join('\n')),
          filesOf(join(said[0]!.dir, 'pg_wal'), /^[0-9A-F]{24}$/),
        ])
      },
    }
  },

  async sqlite() {
    const dir = mkdtempSync(join(tmpdir(), 'sessions-sealed-'))
    const path = join(dir, 'sessions.db')
    const stores = [0, 1].map(() => sqliteStore(path, { ...slow, synchronous: 'normal' }))
    return {
      url: path,
      store: stores[0]!,
      peer: stores[1]!,
      async close() {
        await Promise.all(stores.map((store) => store.close()))
        rmSync(dir, { recursive: true, force: true })
      },
      dump: async () => filesOf(dir, /sessions/),
    }
  },
}

/** Files of a directory, and of those within it, whose path matches. */
function filesOf(dir: string, path: RegExp): Buffer {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Buffer.concat(
    files.filter((file) => path.test(file.slice(dir.length + 1))).map((file) => readFileSync(file)),
  )
}
