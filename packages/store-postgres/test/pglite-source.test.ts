import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { type EmbeddedPostgres, type EmbeddedTransaction, migrate, postgresStore } from '../src/index.js'
import { latestVersion } from '../src/schema/migrations.js'
import { useServer } from './databases.js'
import { useAll } from './odd-pools.js'

// PGlite takes many seconds to start, so this is its interface on one connection of a server: pglite.wide.test.ts has
// PGlite itself, and the whole store suite on it.

const context = useServer()

async function embedded(): Promise<
  EmbeddedPostgres & { held: (work: () => Promise<void>) => Promise<void> }
> {
  const client = new pg.Client(await context.server.createDatabase())
  await client.connect()
  onTestFinished(() => client.end())
  const send = async (text: string, values: unknown[] = []) =>
    client.query({ text, values, rowMode: 'array' })
  let last: Promise<unknown> = Promise.resolve()
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }
  return {
    waitReady: Promise.resolve(),
    query: (text, values) => alone(() => send(text, values)),
    transaction: (work) =>
      alone(async () => {
        let isOpen = true
        await send('begin')
        const transaction: EmbeddedTransaction = {
          query: send,
          async rollback() {
            isOpen = false
            await send('rollback')
          },
        }
        await work(transaction)
        if (isOpen) await send('commit')
      }),
    held: alone,
  }
}

test('every verb works, several at once', async () => {
  const database = await embedded()
  expect(await migrate(database)).toEqual({ from: 0, to: latestVersion })
  await useAll(database)
})

test('a transaction that fails leaves nothing, and is in no other way', async () => {
  const database = await embedded()
  await migrate(database)
  const store = postgresStore(database, { writeTimeoutMs: 20_000 })
  const ref = { tenantId: 'acme', id: 'one' }
  const message = { id: 'm1', payload: '1' }
  await store.commit(ref, { revision: 0, messages: [message] })
  const fresh = { id: 'm2', payload: '2' }
  await Promise.all([
    expect(
      store.commit(ref, { messages: [fresh, message, { ...message, payload: 'other' }] }),
    ).rejects.toMatchObject({ code: 'conflict', messageId: 'm1' }),
    expect(store.commit(ref, { messages: [message] })).resolves.toMatchObject({
      messages: [{ seq: 1, inserted: false }],
    }),
  ])
  expect((await store.read(ref))?.record.lastSeq).toBe(1)
})

test('a call that cannot begin in time does nothing later', async () => {
  const database = await embedded()
  await migrate(database)
  const store = postgresStore(database, { writeTimeoutMs: 50 })
  const ref = { tenantId: 'acme', id: 'one' }
  const message = { id: 'm1', payload: '1' }
  let free = (): void => {}
  const held = database.held(() => new Promise<void>((resolve) => (free = resolve)))
  // Twice the same id: a transaction of several statements.
  const late = store.commit(ref, { revision: 0, messages: [message, message] })
  await expect(late).rejects.toMatchObject({ code: 'unavailable' })
  free()
  await held
  expect(await postgresStore(database).read(ref)).toBeUndefined()
})
