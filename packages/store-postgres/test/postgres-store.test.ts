import { describeSessionStore } from '@sessions/core/testing'
import { startPostgres, type PostgresServer } from '@sessions/testkit'
import { Kysely, PostgresDialect } from 'kysely'
import { afterAll, beforeAll } from 'vitest'
import { postgresStore, type PostgresStoreOptions } from '../src/index.js'
import { as, migrated, Pools } from './databases.js'

let server: PostgresServer
const pools = new Pools()

beforeAll(async () => {
  server = await startPostgres()
})

afterAll(async () => {
  await pools.end()
  await server.stop()
})

function overPools(options: PostgresStoreOptions = {}) {
  return async () => {
    const url = await migrated(server, options)
    return {
      store: postgresStore(pools.open(url), options),
      peer: postgresStore(pools.open(url), options),
    }
  }
}

describeSessionStore('postgresStore over two pools', overPools())

describeSessionStore(
  'postgresStore in a schema, with a prefix, unprepared and uncoalesced',
  overPools({ schema: 'chat', tablePrefix: 'my_', prepare: false, coalesce: false }),
)

describeSessionStore('postgresStore over two Kyselys', async () => {
  const url = await migrated(server)
  const kysely = () =>
    new Kysely<{ others: { id: string } }>({ dialect: new PostgresDialect({ pool: pools.open(url) }) })
  return { store: postgresStore(kysely()), peer: postgresStore(kysely()) }
})

describeSessionStore('postgresStore with row-level security', async () => {
  const options = { rls: 'sessions.tenant' } as const
  const url = await migrated(server, options)
  await pools
    .open(url)
    .query(
      `create role tenant_app login; grant select, insert, update, delete on all tables in schema public to tenant_app`,
    )
  const open = () => postgresStore(pools.open(as('tenant_app', url)), options)
  return { store: open(), peer: open() }
})
