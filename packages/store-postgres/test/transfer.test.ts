import { describeTransfers } from '@sessions/core/testing'
import { postgresStore } from '../src/index.js'
import { migrated, patient, useServer } from './databases.js'

const context = useServer()

describeTransfers('transfers over postgresStore', async () => {
  const url = await migrated(context.server)
  const pool = context.pools.open(url, patient.pool)
  return {
    store: postgresStore(pool, patient.store),
    peer: postgresStore(context.pools.open(url, patient.pool), patient.store),
    /** Every row of every table. */
    async dump() {
      const { rows: tables } = await pool.query<{ name: string }>(
        "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'",
      )
      const found: unknown[] = []
      for (const { name } of tables) found.push((await pool.query(`select t::text from ${name} t`)).rows)
      return JSON.stringify(found)
    },
  }
})
