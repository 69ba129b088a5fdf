import { describeSessionStore } from '@sessions/core/testing'
import { describe } from 'vitest'
import { useServer } from './databases.js'
import { allWrites, testLostConnections } from './lost-connections.js'
import { kysely, makeStores } from './make-stores.js'
import { describePoisoned } from './poisoned-sessions.js'

const context = useServer()

describeSessionStore('postgresStore by portable statements', makeStores(context, { statements: 'portable' }))

describeSessionStore(
  'postgresStore by portable statements over two Kyselys, in a schema, with a prefix',
  makeStores(context, { statements: 'portable', schema: 'chat', tablePrefix: 'my_' }, kysely(context)),
)

describeSessionStore(
  'postgresStore by portable statements over tables in partitions',
  makeStores(context, { statements: 'portable' }, undefined, 4),
)

describePoisoned('a session that cannot be read by portable statements is corrupt, alone', context, {
  statements: 'portable',
})

describe('a connection that is lost in the middle', () => {
  testLostConnections(context, allWrites)
})
