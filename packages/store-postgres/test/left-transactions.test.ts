import type { SessionStore } from '@sessions/core/store'
import pg from 'pg'
import { expect, test } from 'vitest'
import { postgresStore } from '../src/index.js'
import { migrated, patient, useServer } from './databases.js'

// An application may forget to end a transaction before it gives a connection back to its pool, as after an error.

const context = useServer()
const ref = { tenantId: 'acme', id: 's' }

const appended = async (store: SessionStore, id: string) =>
  (await store.commit(ref, { messages: [{ id, payload: id }] })).record.lastSeq

/** Leaves every connection of a pool in a transaction. */
async function leave(pool: pg.Pool, begun: readonly string[]): Promise<void> {
  const clients = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()))
  for (const client of clients) {
    for (const text of begun) await client.query(text).catch(() => {})
  }
  for (const client of clients) client.release()
}

const transactions = {
  open: ['begin'],
  failed: ['begin', 'select nothing'],
}

for (const [name, begun] of Object.entries(transactions)) {
  test(`a transaction that the application left ${name} takes no acknowledged commit with it`, async () => {
    const url = await migrated(context.server)
    const pool = context.pools.open(url, { ...patient.pool, max: 2 })
    const store = postgresStore(pool, patient.store)
    await store.commit(ref, { revision: 0 })
    await leave(pool, begun)
    expect([await appended(store, 'm1'), await appended(store, 'm2')]).toEqual([1, 2])
    const elsewhere = postgresStore(context.pools.open(url, patient.pool), patient.store)
    expect((await elsewhere.read(ref))?.record.lastSeq).toBe(2)
  })
}

test('a failed transaction is found by its error where the client does not tell of one', async () => {
  const pool = context.pools.open(await migrated(context.server), { ...patient.pool, max: 1 })
  pool.on('connect', (client) => Object.assign(client, { getTransactionStatus: undefined }))
  const store = postgresStore(pool, patient.store)
  await store.commit(ref, { revision: 0 })
  await leave(pool, transactions.failed)
  expect(await appended(store, 'm1')).toBe(1)
})

test('a stand-in for a pool that gives one connection in a transaction, and means it, is used as it is', async () => {
  const url = await migrated(context.server)
  const client = new pg.Client(url)
  await client.connect()
  await client.query('begin')
  const pool = { connect: async () => Object.assign(client, { release: () => {} }) } as unknown as pg.Pool
  const store = postgresStore(pool, patient.store)
  await store.commit(ref, { revision: 0 })
  expect(await appended(store, 'm1')).toBe(1)
  await client.query('rollback')
  expect(await store.read(ref)).toBeUndefined()
  await client.end()
})
