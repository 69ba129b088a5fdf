import type { NewMessage } from '@sessions/core/store'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { postgresStore } from '../src/index.js'
import { migrated, useServer } from './databases.js'
import { noteStatements } from './sent-statements.js'

// Whole pages in the log and vacuums in between would be noise.
const context = useServer({
  full_page_writes: 'off',
  autovacuum: 'off',
  checkpoint_timeout: '1h',
  max_wal_size: '8GB',
})
const tenantId = 'acme'

function messages(count: number, first = 1): NewMessage[] {
  return Array.from({ length: count }, (_, index) => ({ id: `m${first + index}`, payload: 'x'.repeat(400) }))
}

describe('round trips', () => {
  test('a commit is one statement, and so is a read, a page and a list', async () => {
    const pool = context.pools.open(await migrated(context.server))
    const counted = noteStatements(pool)
    const store = postgresStore(pool)
    const ref = { tenantId, id: 'session' }
    const costs = async (work: () => Promise<unknown>) => {
      counted.texts = []
      await work().catch(() => {})
      return counted.texts.length
    }
    expect(
      await costs(() => store.commit(ref, { revision: 0, body: 'one', messages: messages(3), userId: 'a' })),
    ).toBe(1)
    expect(await costs(() => store.commit(ref, { messages: messages(2, 4), idleMs: 60_000 }))).toBe(1)
    expect(await costs(() => store.commit(ref, { revision: 1, body: 'two', messages: messages(1, 6) }))).toBe(
      1,
    )
    expect(await costs(() => store.commit(ref, { title: 'Phones' }))).toBe(1)
    expect(await costs(() => store.commit(ref, { revision: 1, body: 'a conflict' }))).toBe(1)
    expect(await costs(() => store.commit({ tenantId, id: 'none' }, { title: 'not found' }))).toBe(1)
    expect(await costs(() => store.read(ref))).toBe(1)
    expect(await costs(() => store.read(ref, { tail: 5 }))).toBe(1)
    expect(await costs(() => store.messages(ref, { limit: 3 }))).toBe(1)
    expect(await costs(() => store.list({ tenantId, userId: 'a', limit: 3 }))).toBe(1)
    // A transaction: the session is locked before its messages are measured and replaced.
    expect(await costs(() => store.amend(ref, [{ seq: 1, payload: 'amended' }]))).toBe(4)
  })

  test('what is asked for at once shares statements', async () => {
    const pool = context.pools.open(await migrated(context.server))
    const store = postgresStore(pool)
    const refs = Array.from({ length: 20 }, (_, index) => ({ tenantId, id: `session ${index}` }))
    for (const ref of refs) await store.commit(ref, { revision: 0 })
    const counted = noteStatements(pool)
    await Promise.all(refs.map((ref) => store.commit(ref, { messages: messages(1) })))
    await Promise.all(refs.map((ref) => store.read(ref, { tail: 1 })))
    expect(counted.texts.length).toBeLessThanOrEqual(6)
  })

  test('every statement on the tables names the tenant', async () => {
    const pool = context.pools.open(await migrated(context.server))
    const counted = noteStatements(pool)
    const store = postgresStore(pool)
    const ref = { tenantId, id: 'session' }
    await store.commit(ref, { revision: 0, messages: messages(3), idleMs: 0 })
    await store.commit(ref, { revision: 0, messages: messages(3) })
    await store.commit(ref, { messages: messages(4) })
    await store.commit(ref, { title: 'Phones' })
    await Promise.all([1, 2, 3].map((tail) => store.read(ref, { tail })))
    await store.messages(ref, { limit: 2, order: 'desc' })
    await store.amend(ref, [{ seq: 1, payload: 'amended' }])
    await store.trim(ref, 1)
    for (const label of [undefined, 'x']) {
      await store.list({ tenantId, limit: 1, ...(label === undefined ? {} : { label }) })
    }
    await store.remove(ref)
    const onTables = counted.texts.filter((text) => text.includes('session'))
    expect(onTables.length).toBeGreaterThan(15)
    for (const text of onTables) {
      const compared = [
        ...text.matchAll(/(?:"?(\w+)"?\.)?"?tenant_id"?\s*=\s*(?:\$\d+|"?(\w+)"?\."?tenant_id"?)/g),
      ]
      expect(compared.length > 0 || /insert into|unnest\(/.test(text), text).toBe(true)
      for (const [comparison, one, other] of compared) expect(one, comparison).not.toBe(other ?? '$')
    }
  })
})

describe('the length of the history', () => {
  let pool: pg.Pool

  beforeAll(async () => {
    pool = context.pools.open(await migrated(context.server))
  })

  const walPosition = async () =>
    BigInt((await pool.query<{ at: string }>("select pg_current_wal_insert_lsn() - '0/0' as at")).rows[0]!.at)

  async function walPerAppend(history: number): Promise<number> {
    const store = postgresStore(pool)
    const ref = { tenantId, id: `history ${history}` }
    await store.commit(ref, { revision: 0, body: 'x'.repeat(1000), messages: messages(10) })
    for (let first = 11; first <= history; first += 1000) {
      await store.commit(ref, { messages: messages(Math.min(1000, history - first + 1), first) })
    }
    await pool.query('vacuum')
    const before = await walPosition()
    for (let n = 1; n <= 200; n++)
      await store.commit(ref, { messages: messages(1, history + n), idleMs: 60_000 })
    return Number((await walPosition()) - before) / 200
  }

  test('makes no difference to what an append writes', async () => {
    const short = await walPerAppend(10)
    const long = await walPerAppend(10_000)
    expect(long / short, `${short} and ${long} bytes`).toBeGreaterThan(0.9)
    expect(long / short, `${short} and ${long} bytes`).toBeLessThan(1.1)
  })

  test('makes no difference to what a read of the tail touches', async () => {
    const single = context.pools.open(await migrated(context.server), { max: 1 })
    const store = postgresStore(single)
    const touched = async (history: number) => {
      const ref = { tenantId, id: `read ${history}` }
      await store.commit(ref, { revision: 0 })
      for (let first = 1; first <= history; first += 1000) {
        await store.commit(ref, { messages: messages(Math.min(1000, history - first + 1), first) })
      }
      await single.query('vacuum analyze')
      const fetched = async () => {
        const { rows } = await single.query<{ rows: string }>(
          "select idx_tup_fetch + seq_tup_read as rows from pg_stat_user_tables where relname = 'llm_session_messages'",
        )
        return Number(rows[0]!.rows)
      }
      const before = await flushed(single, fetched)
      await store.read(ref, { tail: 20 })
      return (await flushed(single, fetched)) - before
    }
    expect(await touched(100)).toBe(20)
    expect(await touched(5000)).toBe(20)
  })
})

// With one connection in the pool, it is the one that counted.
async function flushed<T>(pool: pg.Pool, read: () => Promise<T>): Promise<T> {
  await pool.query('select pg_stat_force_next_flush()')
  return read()
}

describe('updates in place', () => {
  for (const bodyLength of [200, 1500, 20_000]) {
    test(`appends to sessions with bodies of ${bodyLength} characters touch no index: HOT`, async () => {
      const pool = context.pools.open(await migrated(context.server), { max: 1 })
      const store = postgresStore(pool)
      const refs = Array.from({ length: 10 }, (_, index) => ({ tenantId, id: `session ${index}` }))
      const body = Array.from({ length: bodyLength }, () => Math.random().toString(36)[2] ?? 'x').join('')
      for (const ref of refs) {
        await store.commit(ref, { revision: 0, body, userId: 'alice', label: 'support', idleMs: 86_400_000 })
      }
      for (let round = 1; round <= 60; round++) {
        for (const ref of refs) await store.commit(ref, { messages: messages(1, round), idleMs: 86_400_000 })
      }
      const { rows } = await flushed(pool, () =>
        pool.query<{ hot: number; all: number }>(
          `select n_tup_hot_upd::integer as hot, n_tup_upd::integer as all
            from pg_stat_user_tables where relname = 'llm_sessions'`,
        ),
      )
      expect(rows[0]!.all).toBeGreaterThan(500)
      expect(rows[0]!.hot / rows[0]!.all).toBeGreaterThanOrEqual(0.95)
    })
  }
})
