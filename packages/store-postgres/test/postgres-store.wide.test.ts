import { describeSessionStore } from '@sessions/core/testing'
import { Kysely } from 'kysely'
import { PostgresJSDialect } from 'kysely-postgres-js'
import postgres from 'postgres'
import { afterAll } from 'vitest'
import { useServer } from './databases.js'
import { kysely, makeStores } from './make-stores.js'

const context = useServer()

describeSessionStore(
  'postgresStore in a schema, with a prefix, unprepared and uncoalesced',
  makeStores(context, { schema: 'chat', tablePrefix: 'my_', prepare: false, coalesce: false }),
)

describeSessionStore('postgresStore over two Kyselys', makeStores(context, {}, kysely(context)))

const opened: Kysely<{ others: { id: string } }>[] = []
afterAll(() => Promise.all(opened.map((each) => each.destroy())))
describeSessionStore(
  'postgresStore over two Kyselys on postgres.js',
  makeStores(context, {}, (url) => {
    const made = new Kysely<{ others: { id: string } }>({
      dialect: new PostgresJSDialect({ postgres: postgres(url) }),
    })
    opened.push(made)
    return made
  }),
)

describeSessionStore(
  'postgresStore over two Kyselys, in a schema, with a prefix and row-level security',
  makeStores(context, { schema: 'chat', tablePrefix: 'my_', rls: 'sessions.tenant' }, kysely(context)),
)

describeSessionStore('postgresStore with row-level security', makeStores(context, { rls: 'sessions.tenant' }))

describeSessionStore(
  'postgresStore over tables in partitions, with row-level security',
  makeStores(context, { tablePrefix: 'my_', rls: 'sessions.tenant' }, undefined, 4),
)
