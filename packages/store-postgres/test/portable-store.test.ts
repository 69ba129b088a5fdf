import { isSessionError, type SessionRef, type SessionStore } from '@sessions/core/store'
import { storeChapters } from '@sessions/core/testing'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgresStore } from '../src/index.js'
import { leftOver, migrated, useServer } from './databases.js'
import { testLostConnections } from './lost-connections.js'
import { makeStores } from './make-stores.js'

const context = useServer()
const tenantId = 'acme'
const refOf = (n: number): SessionRef => ({ tenantId, id: `session ${n}` })
const ref = refOf(0)
const message = (id: string) => ({ id, payload: `payload of ${id}` })
const quiet = (error: unknown) => {
  if (!isSessionError(error, 'not_found') && !isSessionError(error, 'conflict')) throw error
}

// The whole suite: portable-store.wide.test.ts.
const chapters = storeChapters.filter(({ title }) => /^(commit|message ids|room)/.test(title))

describe('postgresStore by portable statements', () => {
  let stores: Awaited<ReturnType<ReturnType<typeof makeStores>>>
  beforeAll(async () => {
    stores = await makeStores(context, { statements: 'portable' })()
  })
  afterAll(() => stores.close())

  describe.each(chapters)('$title', ({ cases }) => {
    test.each(cases)('$title', ({ run }) => run(stores))
  })
})

describe('two instances at once', () => {
  let pool: pg.Pool
  let store: SessionStore
  let peer: SessionStore
  beforeEach(async () => {
    const url = await migrated(context.server)
    pool = context.pools.open(url)
    const patience = { statements: 'portable', writeTimeoutMs: 30_000 } as const
    store = postgresStore(pool, patience)
    peer = postgresStore(context.pools.open(url), patience)
  })
  const deadlocks = async () =>
    (await pool.query('select deadlocks from pg_stat_database where datname = current_database()')).rows[0]
      .deadlocks

  test('on the same sessions, in opposite order: no deadlock, no gap, nothing twice', async () => {
    const refs = Array.from({ length: 8 }, (_, n) => refOf(n))
    for (const ref of refs) await store.commit(ref, { revision: 0 })
    const before = await deadlocks()
    await Promise.all(
      Array.from({ length: 12 }, async (_, writer) => {
        const mine = writer % 2 === 0 ? store : peer
        const order = writer % 2 === 0 ? refs : refs.toReversed()
        // Half of them tell the same twice, as after an answer that was lost.
        for (const ref of order)
          for (let times = 0; times < 1 + (writer % 2); times++)
            await mine.commit(ref, { messages: [message(`a${writer}`), message(`b${writer}`)] })
      }),
    )
    for (const ref of refs) {
      const { messages } = await store.messages(ref, { limit: 1000 })
      expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 24 }, (_, n) => n + 1))
      expect(new Set(messages.map(({ id }) => id)).size).toBe(24)
    }
    expect(await deadlocks()).toBe(before)
  })

  test('whatever isolation the role asks for: no append is refused because of others', async () => {
    const { connectionString } = pool.options as { connectionString: string }
    const options = String.raw`-c default_transaction_isolation=repeatable\ read`
    const stores = [1, 2].map(() =>
      postgresStore(context.pools.open(connectionString, { options }), {
        statements: 'portable',
        writeTimeoutMs: 30_000,
      }),
    )
    await store.commit(ref, { revision: 0 })
    const appends = Array.from({ length: 60 }, (_, n) =>
      stores[n % 2]!.commit(ref, { messages: [message(`c${n}`)] }),
    )
    await Promise.all(appends)
    expect((await store.read(ref))?.record.lastSeq).toBe(60)
  })

  test('of twenty bodies for one revision one wins, and of twenty creates one', async () => {
    const race = async (revision: number) => {
      const tries = Array.from({ length: 20 }, (_, n) =>
        (n % 2 ? store : peer)
          .commit(ref, { revision, body: `${revision}.${n}`, messages: [message(`${revision}.${n}`)] })
          .then(
            ({ record }) => record.revision,
            (error: unknown) => {
              if (!isSessionError(error, 'conflict')) throw error
              return 0
            },
          ),
      )
      return (await Promise.all(tries)).filter((found) => found > 0)
    }
    expect(await race(0)).toEqual([1])
    expect(await race(1)).toEqual([2])
    expect((await store.read(ref))?.record).toMatchObject({ lastSeq: 2, changes: 2 })
  })

  test('removals, trims, amendments, sweeps and new beginnings leave nothing over', async () => {
    for (let round = 0; round < 20; round++) {
      const ref = refOf(round)
      await store.commit(ref, { revision: 0, messages: [message('m0')] })
      await Promise.all([
        ...[1, 2, 3, 4].map((n) =>
          (n % 2 ? store : peer).commit(ref, { messages: [message(`m${n}`)] }).catch(quiet),
        ),
        peer.trim(ref, 1000),
        store.amend(ref, [{ seq: 1, payload: 'amended' }]),
        store.commit(ref, { idleMs: round % 4 === 0 ? 0 : 60_000 }).catch(quiet),
        ...(round % 2 === 0 ? [store.remove(ref)] : []),
        peer.commit(ref, { revision: 0, messages: [message('m9')] }).catch(quiet),
        store.sweep({ limit: 10 }),
      ])
    }
    expect(await leftOver(pool)).toBe(0)
    for (let round = 0; round < 20; round++) {
      const stored = await store.read(refOf(round), { tail: 100 })
      if (stored === undefined) continue
      const bytes = stored.messages.reduce((sum, { payload }) => sum + payload.length, 0)
      expect(stored.record.bytes, `session ${round}`).toBe(bytes)
    }
  })

  test('sweeps share the work over tenants, and spare what is held or was touched', async () => {
    const refs = Array.from({ length: 40 }, (_, n) => ({ tenantId: `tenant ${n % 5}`, id: `session ${n}` }))
    for (const [n, ref] of refs.entries())
      await store.commit(ref, { revision: 0, messages: [message('m1')], idleMs: n < 30 ? 0 : 60_000 })
    const holder = await pool.connect()
    await holder.query('begin')
    await holder.query("select from llm_sessions where id = 'session 5' for update")
    expect(await store.sweep({ limit: 3 })).toBe(3)
    const swept = await Promise.all([store, peer, store].map((each) => each.sweep({ limit: 1000 })))
    expect(swept.reduce((sum, count) => sum + count, 0)).toBe(26)
    await holder.query('rollback')
    holder.release()
    expect(await peer.sweep({ limit: 1000 })).toBe(1)
    expect((await pool.query('select count(*) from llm_sessions')).rows).toEqual([{ count: '10' }])
    expect(await leftOver(pool)).toBe(0)
  })

  test('a deadline that comes while a commit waits for the session is kept', async () => {
    await store.commit(ref, { revision: 0, idleMs: 60_000 })
    const holder = await pool.connect()
    await holder.query('begin')
    await holder.query('select from llm_sessions for update')
    const commit = peer.commit(ref, { messages: [message('late')] }).then(
      () => 'done',
      (error: Error) => error,
    )
    await expect
      .poll(
        async () =>
          (
            await pool.query(
              "select count(*)::integer as n from pg_stat_activity where wait_event_type = 'Lock'",
            )
          ).rows[0].n,
      )
      .toBe(1)
    await holder.query(
      'update llm_sessions set expires_at = floor(extract(epoch from clock_timestamp()) * 1000)',
    )
    await holder.query('commit')
    holder.release()
    expect(await commit).toMatchObject({ code: 'not_found' })
    expect((await pool.query('select count(*) from llm_session_messages')).rows).toEqual([{ count: '0' }])
  })
})

// Every kind of write: portable-store.wide.test.ts.
describe('a connection that is lost in the middle', () => {
  testLostConnections(context, ['append'])
})
