import type { Kysely } from 'kysely'
import type pg from 'pg'
import type { ConnectionSource } from './database.js'
import { KyselySource } from './kysely-source.js'
import { PoolSource } from './pool-source.js'

/** Connections of what the application has: its pool, or its Kysely. */
export function toSource<Tables>(db: pg.Pool | Kysely<Tables>): ConnectionSource {
  return 'getExecutor' in db ? new KyselySource(db) : new PoolSource(db)
}
