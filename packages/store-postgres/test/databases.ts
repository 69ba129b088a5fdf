import { startPostgres, type PostgresServer } from '@sessions/testkit'
import type pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { createPostgresPool, migrate, type MigrateOptions } from '../src/index.js'

/** A server for the tests of one file, started before them and stopped after. */
export function useServer(settings: Record<string, string | number> = {}): {
  readonly server: PostgresServer
  readonly pools: Pools
} {
  let server: PostgresServer | undefined
  const pools = new Pools()
  beforeAll(async () => {
    server = await startPostgres({ settings })
  })
  afterAll(async () => {
    await pools.end()
    await server?.stop()
  })
  return {
    get server() {
      return server!
    },
    pools,
  }
}

/** A URL of a new database with our tables in it. */
export async function migrated(server: PostgresServer, options: MigrateOptions = {}): Promise<string> {
  const url = await server.createDatabase()
  await migrate(url, options)
  return url
}

/** Time enough for a busy machine, in suites that are not about time: for a pool, and for a store on it. */
export const patient = {
  pool: { connectionTimeoutMillis: 240_000, statement_timeout: 0, idle_in_transaction_session_timeout: 0 },
  store: { readTimeoutMs: 240_000, writeTimeoutMs: 240_000 },
}

/** For pools to a PgBouncer, which refuses the timeouts of the server that `createPostgresPool` sends. */
export const untimed = { statement_timeout: 0, idle_in_transaction_session_timeout: 0 }

/** Pools that are ended together. */
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

/** A role that may read and write, and nothing else. Suites of one server share it. */
export async function createAppRole(owner: pg.Pool, role: string, schema = 'public'): Promise<void> {
  await owner.query(`do $$ begin
      if not exists (select from pg_roles where rolname = '${role}') then create role ${role} login; end if;
    end $$;
    grant usage on schema ${schema} to ${role};
    grant select, insert, update, delete on all tables in schema ${schema} to ${role}`)
}

/** How many messages there are that belong to no session, or that their session says were trimmed. */
export async function leftOver(
  pool: pg.Pool,
  { schema = 'public', tablePrefix = 'llm_' } = {},
): Promise<number> {
  const table = (name: string) => `"${schema}"."${tablePrefix}${name}"`
  const { rows } = await pool.query<{ count: string }>(`
    select count(*) from ${table('session_messages')} m
    left join ${table('sessions')} s on s.tenant_id = m.tenant_id and s.skey = m.session_key
    where s.skey is null or m.seq <= s.trimmed_seq or m.seq > s.last_seq`)
  return Number(rows[0]!.count)
}
