import { isSessionError, type SessionRef, type SessionStore } from '@sessions/core/store'
import { waitUntil } from '@sessions/testkit'
import type pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { postgresStore } from '../src/index.js'
import { leftOver, migrated, useServer } from './databases.js'

const context = useServer()
let pool: pg.Pool
let store: SessionStore
let peer: SessionStore

beforeEach(async () => {
  const url = await migrated(context.server)
  pool = context.pools.open(url)
  store = postgresStore(pool)
  peer = postgresStore(context.pools.open(url))
})

const tenantId = 'acme'
const refOf = (n: number): SessionRef => ({ tenantId, id: `session ${n}` })
const message = (id: string) => ({ id, payload: `payload of ${id}` })
const quiet = (error: unknown) => {
  if (!isSessionError(error, 'not_found') && !isSessionError(error, 'conflict')) throw error
}

describe('reads that share a statement', () => {
  test('of one id in several tenants give each its own session', async () => {
    const refs = ['acme', 'other', 'third'].map((tenantId) => ({ tenantId, id: 'same' }))
    for (const ref of refs)
      await store.commit(ref, { revision: 0, body: ref.tenantId, messages: [message(`of ${ref.tenantId}`)] })
    const nobodys = { tenantId: 'nobody', id: 'same' }
    const crowd = Array.from({ length: 10 }, () => [...refs, nobodys]).flat()
    const reads = await Promise.all(crowd.map((ref) => store.read(ref, { tail: 5 })))
    for (const [index, { tenantId }] of crowd.entries()) {
      const stored = reads[index]
      expect([stored?.body, stored?.messages.map(({ id }) => id)], tenantId).toEqual(
        tenantId === 'nobody' ? [undefined, undefined] : [tenantId, [`of ${tenantId}`]],
      )
    }
  })
})

test('calls that share a statement find no session that is past its deadline', async () => {
  const isDead = (n: number) => n % 2 === 0
  const refs = Array.from({ length: 10 }, (_, n) => refOf(n))
  for (const [n, ref] of refs.entries())
    await store.commit(ref, { revision: 0, body: 'b', ...(isDead(n) ? { idleMs: 0 } : {}) })
  const reads = await Promise.all(refs.map((ref) => store.read(ref)))
  expect(reads.map((stored) => stored?.body)).toEqual(refs.map((_, n) => (isDead(n) ? undefined : 'b')))
  const commits = refs.map((ref) =>
    store.commit(ref, { messages: [message('m1')] }).then(({ messages }) => messages[0]?.seq, codeOf),
  )
  expect(await Promise.all(commits)).toEqual(refs.map((_, n) => (isDead(n) ? 'not_found' : 1)))
})

describe('commits that share a statement', () => {
  test('one that is refused takes no other with it', async () => {
    const refs = Array.from({ length: 10 }, (_, n) => refOf(n))
    for (const ref of refs) await store.commit(ref, { revision: 0, messages: [message('m1')] })
    await store.remove(refs[3]!)
    const outcomes = await Promise.all(
      refs.flatMap((ref, n) => [
        store.commit(ref, { messages: [message('m2')] }).then(({ messages }) => messages[0]?.seq, codeOf),
        n === 5
          ? store.commit(ref, { messages: [{ id: 'm1', payload: 'another' }] }).then(() => 'done', codeOf)
          : store
              .commit(ref, { messages: [message('m1')] })
              .then(({ messages }) => messages[0]?.inserted, codeOf),
        store.commit(ref, { incarnation: 'other', messages: [message('m3')] }).then(() => 'done', codeOf),
      ]),
    )
    for (const n of refs.keys()) {
      const expected =
        n === 3 ? ['not_found', 'not_found', 'not_found'] : [2, n === 5 ? 'conflict' : false, 'not_found']
      expect(outcomes.slice(n * 3, n * 3 + 3), `session ${n}`).toEqual(expected)
    }
  })

  test('each gets the record as it was after it', async () => {
    await store.commit(refOf(1), { revision: 0 })
    const commits = await Promise.all(
      [1, 2, 3, 4, 5].map((n) => store.commit(refOf(1), { messages: [message(`a${n}`), message(`b${n}`)] })),
    )
    for (const { record, messages } of commits) expect(record.lastSeq).toBe(messages[1]?.seq)
    expect(commits.map(({ record }) => record.lastSeq)).toEqual([2, 4, 6, 8, 10])
  })

  test('a session that somebody holds keeps only its own commits waiting', async () => {
    for (let n = 0; n < 20; n++) await store.commit(refOf(n), { revision: 0 })
    const holder = await pool.connect()
    await holder.query('begin')
    await holder.query("select from llm_sessions where id = 'session 7' for update")
    let held = false
    const commits = Array.from({ length: 20 }, (_, n) =>
      store.commit(refOf(n), { messages: [message('m1')] }),
    )
    void commits[7]!.then(() => (held = true))
    await Promise.all(commits.filter((_, n) => n !== 7))
    expect(held).toBe(false)
    await holder.query('commit')
    holder.release()
    expect((await commits[7]!).messages[0]?.seq).toBe(1)
  })

  test('two instances on the same sessions, in opposite order: no deadlock, no gap, nothing twice', async () => {
    const refs = Array.from({ length: 20 }, (_, n) => refOf(n))
    for (const ref of refs) await store.commit(ref, { revision: 0 })
    const before = await deadlocks()
    await Promise.all(
      Array.from({ length: 32 }, async (_, writer) => {
        const mine = writer % 2 === 0 ? store : peer
        const order = writer % 2 === 0 ? refs : refs.toReversed()
        for (const ref of order)
          await mine.commit(ref, { messages: [message(`a${writer}`), message(`b${writer}`)] })
      }),
    )
    for (const ref of refs) {
      const { messages } = await store.messages(ref, { limit: 1000 })
      expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 64 }, (_, n) => n + 1))
      expect(new Set(messages.map(({ id }) => id)).size).toBe(64)
      for (let n = 0; n < 64; n += 2) expect(messages[n]!.id.slice(1)).toBe(messages[n + 1]!.id.slice(1))
    }
    expect(await deadlocks()).toBe(before)
  })

  const deadlocks = async () =>
    (await pool.query('select deadlocks from pg_stat_database where datname = current_database()')).rows[0]
      .deadlocks
})

describe('what deletes messages races what adds them', () => {
  test('removals, trims and new beginnings leave nothing over', async () => {
    for (let round = 0; round < 40; round++) {
      const ref = refOf(round)
      await store.commit(ref, { revision: 0, messages: [message('m0')] })
      await Promise.all([
        ...[1, 2, 3, 4].map((n) =>
          (n % 2 ? store : peer).commit(ref, { messages: [message(`m${n}`)] }).catch(quiet),
        ),
        peer.trim(ref, 1000),
        store.commit(ref, { idleMs: round % 4 === 0 ? 0 : 60_000 }).catch(quiet),
        ...(round % 2 === 0 ? [store.remove(ref)] : []),
        peer.commit(ref, { revision: 0, messages: [message('m9')] }).catch(quiet),
        store.sweep({ limit: 10 }),
      ])
    }
    expect(await leftOver(pool)).toBe(0)
  })
})

describe('sweep', () => {
  test('several at once share the work, and spare what was touched or is held', async () => {
    for (let n = 0; n < 60; n++) {
      await store.commit(refOf(n), { revision: 0, messages: [message('m1')], idleMs: n < 40 ? 0 : 60_000 })
    }
    const holder = await pool.connect()
    await holder.query('begin')
    await holder.query("select from llm_sessions where id = 'session 5' for update")
    const swept = await Promise.all([store, peer, store, peer].map((each) => each.sweep({ limit: 1000 })))
    expect(swept.reduce((sum, count) => sum + count, 0)).toBe(39)
    await holder.query('rollback')
    holder.release()
    expect(await peer.sweep({ limit: 1000 })).toBe(1)
    expect((await store.list({ tenantId, limit: 100 })).items).toHaveLength(20)
    expect(await leftOver(pool)).toBe(0)
  })

  test('takes no more than it is told to, over batches too', async () => {
    await pool.query(`
      insert into llm_sessions
        (tenant_id, id, incarnation, revision, changes, last_seq, created_at, updated_at, active_at, expires_at, expires_bucket, body)
      select 'acme', 's' || n, 'i', 1, 1, 1, 1, 1, 1, 1, 0, '' from generate_series(1, 1500) n`)
    await pool.query(
      "insert into llm_session_messages select skey, 1, 1, tenant_id, 'm', 'p' from llm_sessions",
    )
    expect(await store.sweep({ limit: 700 })).toBe(700)
    expect((await pool.query('select count(*) from llm_sessions')).rows).toEqual([{ count: '800' }])
    let swept = 0
    await waitUntil(async () => (swept += await store.sweep({ limit: 1000 })) === 800, { what: 'the rest' })
    expect(await leftOver(pool)).toBe(0)
  })

  test('takes what is past its deadline, and neither what is later nor what has none', async () => {
    await store.commit(refOf(1), { revision: 0, idleMs: 3_600_000 })
    await store.commit(refOf(2), { revision: 0 })
    await store.commit(refOf(3), { revision: 0, idleMs: 3_600_000 })
    await pool.query('update llm_sessions set expires_at = 1, expires_bucket = 0 where id = $1', [
      'session 1',
    ])
    expect(await store.sweep({ limit: 10 })).toBe(1)
    for (const n of [2, 3]) expect(await store.read(refOf(n))).toBeDefined()
  })
})

describe('list', () => {
  test('costs its page: an index gives the order, in whatever form it is asked', async () => {
    await pool.query(`
      insert into llm_sessions
        (tenant_id, id, incarnation, revision, changes, last_seq, created_at, updated_at, active_at, user_id, label, body)
      select 'acme', 's' || n, 'i', 1, 1, 0, 1, 1, n / 3, 'user ' || n % 5, 'label ' || n % 2, '' from generate_series(1, 20000) n`)
    await pool.query('analyze')
    const single = context.pools.open(pool.options.connectionString!, { max: 1 })
    const listing = postgresStore(single)
    const fetched = async () => {
      await single.query('select pg_stat_force_next_flush()')
      const { rows } = await single.query<{ rows: string }>(
        "select idx_tup_fetch + seq_tup_read as rows from pg_stat_user_tables where relname = 'llm_sessions'",
      )
      return Number(rows[0]!.rows)
    }
    for (const filter of [
      {},
      { userId: 'user 3' },
      { label: 'label 1' },
      { userId: 'user 3', label: 'label 1' },
    ]) {
      let cursor: string | undefined
      const seen: string[] = []
      for (let page = 0; page < 8; page++) {
        const before = await fetched()
        const found = await listing.list({
          tenantId,
          ...filter,
          limit: 20,
          ...(cursor === undefined ? {} : { cursor }),
        })
        expect((await fetched()) - before, JSON.stringify(filter)).toBeLessThan(60)
        seen.push(...found.items.map(({ id }) => id))
        cursor = found.cursor
      }
      expect(new Set(seen).size).toBe(160)
    }
  })
})

function codeOf(error: unknown): string {
  if (!isSessionError(error)) throw error
  return error.code
}
