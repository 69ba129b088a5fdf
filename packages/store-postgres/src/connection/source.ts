import { SessionError } from '@sessions/core/store'
import type { Kysely } from 'kysely'
import type pg from 'pg'
import type { ConnectionSource } from './database.js'
import { KyselySource } from './kysely-source.js'
import { type EmbeddedPostgres, PGliteSource } from './pglite-source.js'
import { PoolSource } from './pool-source.js'

/**
 * What sessions are kept in: a `pg.Pool`, a `Kysely` of Postgres, or a `PGlite`, which is a Postgres inside this process for
 * tests.
 */
export type PostgresDatabase<Tables = unknown> = pg.Pool | Kysely<Tables> | EmbeddedPostgres

/** The connections of the application's pool, of its Kysely or of its PGlite. */
export function toSource<Tables>(db: PostgresDatabase<Tables>): ConnectionSource {
  if (typeof db === 'function' && 'unsafe' in db)
    throw noDatabase(', and this is postgres.js: give a Kysely of it, by kysely-postgres-js')
  if (db === undefined) throw noDatabase(', and this is undefined: is its environment variable set?')
  if (typeof db !== 'object' || db === null) throw noDatabase()
  if ('$client' in db)
    throw noDatabase(', and this is a database of Drizzle: give the pool that it was made of')
  if ('waitReady' in db && typeof db.transaction === 'function') return new PGliteSource(db)
  if ('getExecutor' in db) {
    if (db.isTransaction) throw noDatabase(', and this is a transaction of a Kysely, which ends')
    return new KyselySource(db)
  }
  if (!('connect' in db) || typeof db.connect !== 'function') throw noDatabase()
  // A `pg.Client` knows where it connects to; a pool knows it of the clients that it makes.
  if ('connectionParameters' in db)
    throw noDatabase(', and this is a pg.Client, which does one thing at a time')
  if ('$pool' in db) throw noDatabase(', and this is a database of pg-promise: give its $pool')
  return new PoolSource(db)
}

function noDatabase(more = ''): SessionError {
  return new SessionError('invalid', `db must be a URL, a pg.Pool, a Kysely or a PGlite${more}`, {
    path: 'db',
  })
}
