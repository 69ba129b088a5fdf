import type { SessionStore } from '@sessions/core/store'
import { checkStore } from '@sessions/core/store'
import { describe, expect, test } from 'vitest'
import { createPostgresPool, postgresStore } from '../src/index.js'
import { migrated, useServer } from './databases.js'

// Logical replication copies rows, and no sequences: on a server that was such a replica they begin anew.

const context = useServer()
const tenantId = 'acme'
const messages = [1, 2].map((n) => ({ id: `m${n}`, payload: `"${n}"` }))
const old = { tenantId, id: 'old' }
const refused = {
  code: 'store_failed',
  message: expect.stringContaining('the sequence of skey is behind its table') as string,
}

describe.each(['combined', 'portable'] as const)('keys that other sessions have, %s', (statements) => {
  async function place() {
    const pool = context.pools.open(await migrated(context.server))
    const store: SessionStore = postgresStore(pool, { statements })
    // A commit that meets one key that is taken tries the next one.
    for (const id of ['old', 'older', 'oldest']) {
      await store.commit({ tenantId, id }, { revision: 0, body: '{}', messages })
      await store.trim({ tenantId, id }, 1)
    }
    const again = () => pool.query('alter table llm_sessions alter column skey restart with 1')
    return { pool, store, again }
  }

  const makings: Record<string, (store: SessionStore) => Promise<unknown>> = {
    'one without messages': (store) => store.commit({ tenantId, id: 'new' }, { revision: 0, body: '{}' }),
    // The first seq of the other session is free.
    'one with a message': (store) =>
      store.commit(
        { tenantId, id: 'new' },
        { revision: 0, body: '{}', messages: [{ id: 'x', payload: '"x"' }] },
      ),
    'a copy': async (store) => {
      const copy = (await store.read(old, { tail: 9 }))!
      const record = { ...copy.record, lastSeq: 1, trimmedSeq: 1 }
      await store.restore({ tenantId, id: 'new' }, { ...copy, record, messages: [] })
    },
  }
  for (const [name, make] of Object.entries(makings)) {
    test(`are not given to ${name}, and nobody loses messages`, async () => {
      const { store, again } = await place()
      await again()
      await expect(make(store)).rejects.toMatchObject(refused)
      expect(await store.remove({ tenantId, id: 'new' })).toBe(false)
      expect((await store.read(old, { tail: 9 }))?.messages).toMatchObject([messages[1]!])
    })
  }

  test('are found by checkStore, which says how to mend it', async () => {
    const { pool, store, again } = await place()
    const found = async () => (await checkStore(store)).filter(({ code }) => code === 'sequence')
    expect(await found()).toEqual([])
    await again()
    const [finding, ...others] = await found()
    expect(others).toEqual([])
    expect(finding).toMatchObject({ level: 'error' })
    await pool.query(/select setval.*/.exec(finding!.message)![0])
    expect(await found()).toEqual([])
    await store.commit({ tenantId, id: 'new' }, { revision: 0, body: '{}' })
    await store.remove({ tenantId, id: 'new' })
    expect((await store.read(old, { tail: 9 }))?.messages).toMatchObject([messages[1]!])
  })
})

test('to look for them takes the index, also by a plan that was made while the table was small', async () => {
  const url = await migrated(context.server)
  const pool = context.pools.open(url)
  const create = async (store: SessionStore, name: string, count: number) => {
    for (let n = 0; n < count; n++) {
      await store.commit({ tenantId, id: `${name}${n}` }, { revision: 0, messages })
    }
  }
  await create(postgresStore(pool), 'first', 30)
  await pool.query('vacuum analyze llm_session_messages')
  const counted = async () => {
    const { rows } = await pool.query<{ seq_scan: string; n_tup_ins: string }>(
      `select seq_scan, n_tup_ins from pg_stat_user_tables where relname = 'llm_session_messages'`,
    )
    return { scans: Number(rows[0]!.seq_scan), made: Number(rows[0]!.n_tup_ins) }
  }
  // What a connection has done is counted at its end at the latest.
  const others = createPostgresPool(url, { max: 1, options: '-c plan_cache_mode=force_generic_plan' })
  await expect.poll(async () => (await counted()).made).toBe(60)
  const { scans } = await counted()
  await create(postgresStore(others), 'second', 5)
  await others.end()
  await expect.poll(async () => (await counted()).made).toBe(70)
  expect((await counted()).scans).toBe(scans)
})
