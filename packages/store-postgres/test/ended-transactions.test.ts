import { expect, test } from 'vitest'
import { postgresStore } from '../src/index.js'
import { migrated, useServer } from './databases.js'

const context = useServer()

test('a transaction that the server ends, because this process was busy, is made again', async () => {
  const url = await migrated(context.server)
  const pool = context.pools.open(url, { max: 2, idle_in_transaction_session_timeout: 250 })
  const store = postgresStore(pool, { writeTimeoutMs: 20_000 })
  const ref = { tenantId: 'acme', id: 'one' }
  // Once: the first statement behind `begin` comes when the server has given up.
  let isBusy = true
  pool.on('connect', (client) => {
    const connected = client as unknown as { query: (...args: unknown[]) => unknown }
    const query = connected.query.bind(connected)
    let isBegun = false
    connected.query = (...args: unknown[]) => {
      const text = JSON.stringify(args[0] ?? '')
      if (text.includes('begin')) isBegun = true
      else if (isBegun && isBusy) {
        isBusy = false
        const until = performance.now() + 600
        while (performance.now() < until);
      }
      return query(...args)
    }
  })
  await store.commit(ref, { revision: 0, messages: [{ id: 'm1', payload: '1' }] })
  expect(await store.remove(ref)).toBe(true)
  expect(isBusy).toBe(false)
  expect(await store.read(ref)).toBeUndefined()
})
