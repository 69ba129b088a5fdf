import { describeSessionStore } from '@sessions/core/testing'
import { useServer } from './databases.js'
import { kysely, makeStores } from './make-stores.js'

const context = useServer()

describeSessionStore(
  'postgresStore in a schema, with a prefix, unprepared and uncoalesced',
  makeStores(context, { schema: 'chat', tablePrefix: 'my_', prepare: false, coalesce: false }),
)

describeSessionStore('postgresStore over two Kyselys', makeStores(context, {}, kysely(context)))

describeSessionStore(
  'postgresStore over two Kyselys, in a schema, with a prefix and row-level security',
  makeStores(context, { schema: 'chat', tablePrefix: 'my_', rls: 'sessions.tenant' }, kysely(context)),
)

describeSessionStore('postgresStore with row-level security', makeStores(context, { rls: 'sessions.tenant' }))

describeSessionStore(
  'postgresStore over tables in partitions, with row-level security',
  makeStores(context, { tablePrefix: 'my_', rls: 'sessions.tenant' }, undefined, 4),
)
