import { startPostgres, type PostgresServer } from '@sessions/testkit'
import type pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { createPostgresPool, migrate, type MigrateOptions } from '../src/index.js'

/** A server for the tests of one file, started before them and stopped after. */
export function useServer(settings: Record<string, string | number> = {}): {
  readonly server: PostgresServer
} {
  let server: PostgresServer | undefined
  beforeAll(async () => {
    server = await startPostgres({ settings })
  })
  afterAll(() => server?.stop())
  return {
    get server() {
      return server!
    },
  }
}

/** A URL of a new database with our tables in it. */
export async function migrated(server: PostgresServer, options: MigrateOptions = {}): Promise<string> {
  const url = await server.createDatabase()
  await migrate(url, options)
  return url
}

/** Ends its pools with the test. */
export class Pools {
  readonly #pools: pg.Pool[] = []

  open(url: string, options: pg.PoolConfig = {}): pg.Pool {
    const pool = createPostgresPool(url, options)
    this.#pools.push(pool)
    return pool
  }

  async end(): Promise<void> {
    await Promise.all(this.#pools.splice(0).map((pool) => pool.end()))
  }
}

/** The URL for another role. */
export function as(role: string, url: string): string {
  const other = new URL(url)
  other.username = role
  return other.href
}
