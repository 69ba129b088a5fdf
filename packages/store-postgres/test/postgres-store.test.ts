import { describeSessionStore } from '@sessions/core/testing'
import { Kysely, PostgresDialect } from 'kysely'
import type pg from 'pg'
import { expect } from 'vitest'
import { postgresStore, type PostgresStoreOptions } from '../src/index.js'
import { as, createAppRole, leftOver, migrated, useServer } from './databases.js'

const context = useServer()

type Open = (url: string) => pg.Pool | Kysely<{ others: { id: string } }>

function makeStores(options: PostgresStoreOptions = {}, open: Open = (url) => context.pools.open(url)) {
  return async () => {
    const { schema, tablePrefix, rls } = options
    const url = await migrated(context.server, {
      ...(schema === undefined ? {} : { schema }),
      ...(tablePrefix === undefined ? {} : { tablePrefix }),
      ...(rls === undefined ? {} : { rls }),
    })
    const owner = context.pools.open(url)
    if (options.rls !== undefined) await createAppRole(owner, 'tenant_app')
    const appUrl = options.rls === undefined ? url : as('tenant_app', url)
    return {
      store: postgresStore(open(appUrl), options),
      peer: postgresStore(open(appUrl), options),
      // After all those races, nothing is where no method would find it.
      close: async () => expect(await leftOver(owner, options)).toBe(0),
    }
  }
}

describeSessionStore('postgresStore over two pools', makeStores())

describeSessionStore(
  'postgresStore in a schema, with a prefix, unprepared and uncoalesced',
  makeStores({ schema: 'chat', tablePrefix: 'my_', prepare: false, coalesce: false }),
)

describeSessionStore(
  'postgresStore over two Kyselys',
  makeStores({}, (url) => new Kysely({ dialect: new PostgresDialect({ pool: context.pools.open(url) }) })),
)

describeSessionStore('postgresStore with row-level security', makeStores({ rls: 'sessions.tenant' }))
