import { holdUp } from '@sessions/testkit'
import { expect, test } from 'vitest'
import { postgresStore } from '../src/index.js'
import { migrated, useServer } from './databases.js'

const context = useServer()

test('what Postgres answered in time is heard by a process that was held up', async () => {
  const store = postgresStore(context.pools.open(await migrated(context.server)))
  const ref = { tenantId: 'acme', id: 'held-up' }
  await store.commit(ref, { revision: 0 })
  const reading = store.read(ref)
  await holdUp(1200)
  expect(await reading).toMatchObject({ record: { revision: 1 } })
  const writing = store.commit(ref, { messages: [{ id: 'm1', payload: '1' }] })
  await holdUp(2200)
  expect(await writing).toMatchObject({ messages: [{ id: 'm1', inserted: true }] })
})
