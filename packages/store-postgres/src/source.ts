import { SessionError } from '@sessions/core/store'
import type { Kysely } from 'kysely'
import type pg from 'pg'
import type { ConnectionSource } from './database.js'
import { KyselySource } from './kysely-source.js'
import { PoolSource } from './pool-source.js'

/** The connections of the application's pool, or of its Kysely. */
export function toSource<Tables>(db: pg.Pool | Kysely<Tables>): ConnectionSource {
  if (typeof db === 'object' && db !== null) {
    if ('getExecutor' in db) return new KyselySource(db)
    if ('connect' in db && typeof db.connect === 'function') return new PoolSource(db)
  }
  throw new SessionError('invalid', 'db must be a URL, a pg.Pool or a Kysely', { path: 'db' })
}
