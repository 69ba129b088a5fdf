import { describeSessionStore } from '@sessions/core/testing'
import { useServer } from './databases.js'
import { kysely, makeStores } from './make-stores.js'

const context = useServer()

describeSessionStore('postgresStore over two pools', makeStores(context))

describeSessionStore(
  'postgresStore over two Kyselys, in a schema, with a prefix and row-level security',
  makeStores(context, { schema: 'chat', tablePrefix: 'my_', rls: 'sessions.tenant' }, kysely(context)),
)
