import { expect, test } from 'vitest'
import { postgresStore } from '../src/index.js'
import { migrated, useServer } from './databases.js'

const context = useServer()

/** Keeps the process from everything else, as a long calculation does, once what was asked for is on its way. */
async function holdUp(ms: number): Promise<void> {
  await new Promise<void>((resolve) => process.nextTick(resolve))
  const end = performance.now() + ms
  while (performance.now() < end);
}

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
