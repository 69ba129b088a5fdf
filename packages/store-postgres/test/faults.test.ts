import { isSessionError, type SessionStore } from '@sessions/core/store'
import { startFaultProxy, startPostgres, waitUntil, type PostgresServer } from '@sessions/testkit'
import { Kysely, PostgresDialect } from 'kysely'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createPostgresPool, postgresStore } from '../src/index.js'
import { leftOver, migrated, Pools } from './databases.js'

let server: PostgresServer
let url: string
let pool: pg.Pool
let store: SessionStore
const pools = new Pools()
const ref = { tenantId: 'acme', id: 'session' }

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server?.stop())

beforeEach(async () => {
  url = await migrated(server)
  pool = pools.open(url)
  store = postgresStore(pool)
  await store.commit(ref, { revision: 0, body: 'body' })
})

afterEach(() => pools.end())

const payloadOf = (id: string) => `payload of ${id}`

function codeOf(error: unknown): string {
  if (!isSessionError(error)) throw error
  return error.code
}

/** Appends until it is acknowledged, by the same id each time; says which errors there were on the way. */
async function appendSurely(store: SessionStore, id: string): Promise<string[]> {
  const errors: string[] = []
  await waitUntil(
    () =>
      store.commit(ref, { messages: [{ id, payload: payloadOf(id) }] }).then(
        () => true,
        (error: unknown) => {
          errors.push(codeOf(error))
          return false
        },
      ),
    { what: `the append of ${id}` },
  )
  return errors
}

async function expectExactly(store: SessionStore, ids: readonly string[]): Promise<void> {
  const stored: { seq: number; id: string; payload: string }[] = []
  for (;;) {
    const page = await store.messages(ref, { after: stored.length, limit: 1000 })
    stored.push(...page.messages)
    if (!page.more) break
  }
  expect(stored.map(({ seq }) => seq)).toEqual(ids.map((_, index) => index + 1))
  expect(stored.map(({ id }) => id).sort()).toEqual([...ids].sort())
  expect(stored.every(({ id, payload }) => payload === payloadOf(id))).toBe(true)
}

function idsOf(workers: number, each: number): string[][] {
  return Array.from({ length: workers }, (_, worker) =>
    Array.from({ length: each }, (_, n) => `w${worker}.${n}`),
  )
}

describe('answers that get lost', () => {
  test('300 appends, cut after they were applied again and again, are 300 messages', async () => {
    const proxy = await startFaultProxy({ target: server })
    const behind = postgresStore(pools.open(proxy.through(url)))
    const lanes = idsOf(10, 30)
    const errors: string[] = []
    await Promise.all(
      lanes.map(async (ids) => {
        for (const id of ids) {
          if (errors.length % 3 === 0 || id.endsWith('0')) proxy.set({ kind: 'cutBeforeReply', times: 1 })
          errors.push(...(await appendSurely(behind, id)))
        }
      }),
    )
    expect(errors.filter((code) => code === 'unknown_outcome').length).toBeGreaterThan(20)
    expect(new Set(errors)).not.toContain('store_failed')
    await expectExactly(store, lanes.flat())
    await pools.end()
    await proxy.stop()
  })

  test('one append at a time, each cut once: each is stored once, and the second try says so', async () => {
    const proxy = await startFaultProxy({ target: server })
    const behind = postgresStore(pools.open(proxy.through(url)))
    for (let n = 0; n < 50; n++) {
      await behind.read(ref)
      proxy.set({ kind: 'cutBeforeReply', times: 1 })
      const messages = [{ id: `m${n}`, payload: payloadOf(`m${n}`) }]
      await expect(behind.commit(ref, { messages })).rejects.toMatchObject({ code: 'unknown_outcome' })
      const again = await behind.commit(ref, { messages })
      expect(again.messages).toMatchObject([{ seq: n + 1, inserted: false }])
    }
    await pools.end()
    await proxy.stop()
  })

  test('a request that never arrived is an unknown outcome for a write, and no matter for a read', async () => {
    const proxy = await startFaultProxy({ target: server })
    const behind = postgresStore(pools.open(proxy.through(url)))
    await behind.read(ref)
    proxy.set({ kind: 'cutAfterRequest', times: 1 })
    await expect(behind.commit(ref, { title: 'x' })).rejects.toMatchObject({ code: 'unknown_outcome' })
    await behind.read(ref)
    for (const kind of ['cutAfterRequest', 'cutBeforeReply', 'reset'] as const) {
      proxy.set({ kind, times: 1 })
      expect((await behind.read(ref))?.body, kind).toBe('body')
    }
    await pools.end()
    await proxy.stop()
  })
})

describe('a server that goes away', () => {
  test('killed and started again under load: nothing acknowledged is lost, nothing is doubled', async () => {
    const over = new AbortController()
    const appended: string[] = []
    const torment = async () => {
      for (let kills = 0; kills < 4; kills++) {
        const before = appended.length
        await waitUntil(() => appended.length > before + 50, { what: 'some appends' })
        await server.kill()
        await server.restart()
      }
    }
    const errors: string[] = []
    const lane = async (name: number) => {
      for (let n = 0; !over.signal.aborted; n++) {
        const id = `w${name}.${n}`
        errors.push(...(await appendSurely(store, id)))
        appended.push(id)
      }
    }
    await Promise.all([...[0, 1, 2, 3, 4, 5, 6, 7].map(lane), torment().finally(() => over.abort())])
    expect(errors).not.toEqual([])
    for (const code of errors) expect(['unavailable', 'unknown_outcome']).toContain(code)
    await expectExactly(store, appended)
    expect(await leftOver(pool)).toBe(0)
  })

  test('stopped in its tracks, every call settles; going on, so does everything', async () => {
    const kysely = postgresStore(new Kysely({ dialect: new PostgresDialect({ pool: pools.open(url) }) }))
    const stores = [store, kysely, postgresStore(pools.open(url), { coalesce: false, writeTimeoutMs: 500 })]
    await Promise.all(stores.map((each) => each.read(ref)))
    await server.pause()
    const calls = (each: SessionStore, n: number) => [
      each.read(ref, { tail: 1 }),
      each.messages(ref, { limit: 1 }),
      each.list({ tenantId: 'acme', limit: 1 }),
      each.commit(ref, { messages: [{ id: `m${n}`, payload: 'p' }] }),
      each.commit(ref, { title: 'x' }),
      each.commit({ ...ref, id: 'new' }, { revision: 0 }),
      each.amend(ref, [{ seq: 1, payload: 'x' }]),
      each.trim(ref, 0),
      each.remove({ ...ref, id: 'none' }),
      each.sweep({ limit: 1 }),
    ]
    const outcomes = await Promise.all(
      stores.flatMap((each, n) => calls(each, n).map((call) => call.then(() => 'done', codeOf))),
    )
    for (const [index, outcome] of outcomes.entries()) {
      expect(['unavailable', 'unknown_outcome'], `call ${index}`).toContain(outcome)
      if (index % 10 < 3) expect(outcome, `read ${index}`).toBe('unavailable')
    }
    await server.resume()
    for (const each of stores) {
      await waitUntil(
        () =>
          each.read(ref).then(
            (stored) => stored?.body === 'body',
            () => false,
          ),
        {
          what: 'an answer',
        },
      )
    }
    for (let n = 0; n < stores.length; n++) {
      await store.commit(ref, { messages: [{ id: `m${n}`, payload: 'p' }] })
    }
    expect((await store.read(ref))?.record.lastSeq).toBe(3)
  })

  test('down when the process starts: calls are unavailable, and work once it is up', async () => {
    await pools.end()
    await server.kill()
    const early = postgresStore(url)
    await expect(early.read(ref)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(early.commit(ref, { title: 'x' })).rejects.toMatchObject({ code: 'unavailable' })
    await expect(early.sweep({ limit: 1 })).rejects.toMatchObject({ code: 'unavailable' })
    await server.restart()
    expect((await early.read(ref))?.body).toBe('body')
    await early.close()
  })

  test('all connections terminated, at rest and at work: the process lives, and the next call succeeds', async () => {
    const admin = pools.open(url)
    const terminate = () =>
      admin.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`)
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 8 }, () => store.read(ref)))
      await terminate()
      expect((await store.read(ref))?.body).toBe('body')
    }
    const lanes = idsOf(4, 100)
    const appended: string[] = []
    const work = Promise.all(
      lanes.map(async (ids) => {
        for (const id of ids) {
          await appendSurely(store, id)
          appended.push(id)
        }
      }),
    )
    while (appended.length < 400) {
      const before = appended.length
      await terminate()
      await Promise.race([work, waitUntil(() => appended.length > before, { what: 'an append' })])
    }
    await work
    await expectExactly(store, lanes.flat())
  })
})

describe('a pool that has no connection to give', () => {
  for (const connectionTimeoutMillis of [1000, 0]) {
    test(`waits no longer than a call may (connectionTimeoutMillis ${connectionTimeoutMillis})`, async () => {
      const small = pools.open(url, { max: 2, connectionTimeoutMillis })
      const waiting = postgresStore(small, { readTimeoutMs: 200, writeTimeoutMs: 200 })
      const held = [await small.connect(), await small.connect()]
      const calls = Array.from({ length: 500 }, (_, n) =>
        n % 2 === 0 ? waiting.read(ref) : waiting.commit(ref, { messages: [{ id: `m${n}`, payload: 'p' }] }),
      )
      const more = [
        waiting.commit(ref, { title: 'x' }),
        waiting.remove(ref),
        waiting.list({ tenantId: 'acme', limit: 1 }),
      ]
      const outcomes = await Promise.all([...calls, ...more].map((call) => call.then(() => 'done', codeOf)))
      expect(new Set(outcomes)).toEqual(new Set(['unavailable']))
      for (const client of held) client.release()
      await waitUntil(() => small.waitingCount === 0, { what: 'those who gave up to be let go' })
      expect((await waiting.read(ref))?.record).toMatchObject({ lastSeq: 0, revision: 1 })
      expect(small.totalCount).toBeLessThanOrEqual(2)
    })
  }

  test('500 at once over two connections are all served', async () => {
    const small = postgresStore(pools.open(url, { max: 2 }), {
      readTimeoutMs: 20_000,
      writeTimeoutMs: 20_000,
    })
    const ids = idsOf(1, 500)[0]!
    await Promise.all(ids.map((id) => small.commit(ref, { messages: [{ id, payload: payloadOf(id) }] })))
    await expectExactly(small, ids)
  })
})

describe('what the server says no to', () => {
  /** Makes every append fail with `sqlState`, `times` times; what a sequence gave is not rolled back. */
  async function refuse(sqlState: string, times: number): Promise<void> {
    await pool.query(`
      create sequence if not exists refusals;
      select setval('refusals', 1, false);
      create or replace function refuse() returns trigger language plpgsql as $$ begin
        if nextval('refusals') <= ${times} then raise exception 'refused' using errcode = '${sqlState}'; end if;
        return new;
      end $$;
      create or replace trigger refuse before insert on llm_session_messages for each row execute function refuse()`)
  }

  const append = (id: string) => store.commit(ref, { messages: [{ id, payload: 'p' }] })

  test('serialization failures, deadlocks and locks are tried again, at most three times', async () => {
    for (const sqlState of ['40001', '40P01', '55P03']) {
      await refuse(sqlState, 3)
      expect((await append(`m${sqlState}`)).messages).toMatchObject([{ inserted: true }])
      await refuse(sqlState, 99)
      await expect(append('never')).rejects.toMatchObject({ code: 'unavailable' })
      expect((await pool.query('select last_value from refusals')).rows).toEqual([{ last_value: '4' }])
    }
    expect((await store.read(ref))?.record.lastSeq).toBe(3)
  })

  test('a full disk is store_full, and reads and removals still work', async () => {
    for (const sqlState of ['53100', '53200']) {
      await refuse(sqlState, 99)
      await expect(append('never')).rejects.toMatchObject({ code: 'store_full' })
    }
    expect((await store.read(ref))?.body).toBe('body')
    expect(await store.remove(ref)).toBe(true)
  })

  test('anything else is store_failed with its cause', async () => {
    await refuse('P0001', 99)
    const error = await append('never').catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'store_failed', cause: { code: 'P0001' } })
    expect((await store.read(ref))?.record.lastSeq).toBe(0)
  })

  test('a lock that is not given in time leaves nothing behind', async () => {
    const holder = await pool.connect()
    await holder.query('begin')
    await holder.query('select from llm_sessions for update')
    const hasty = postgresStore(pool, { writeTimeoutMs: 200 })
    await expect(hasty.commit(ref, { title: 'x' })).rejects.toMatchObject({ code: 'unknown_outcome' })
    await expect(hasty.remove(ref)).rejects.toMatchObject({ code: 'unavailable' })
    expect((await store.read(ref))?.body).toBe('body')
    await holder.query('rollback')
    holder.release()
  })

  test('prepared statements that do not last are done without', async () => {
    const warnings: string[] = []
    const listen = (warning: Error & { code?: string }) => warnings.push(warning.code ?? '')
    process.on('warning', listen)
    const single = pools.open(url, { max: 1 })
    const pooled = postgresStore(single)
    await pooled.read(ref)
    // As a pooler does that gives each transaction another connection.
    await single.query('deallocate all')
    expect((await pooled.read(ref))?.body).toBe('body')
    expect((await pooled.commit(ref, { messages: [{ id: 'm1', payload: 'p' }] })).record.lastSeq).toBe(1)
    await waitUntil(() => warnings.includes('SESSIONS_POSTGRES_UNPREPARED'), { what: 'a warning' })
    process.off('warning', listen)
  })
})

test('a store of a URL closes what it opened, and one of a pool leaves it open', async () => {
  const own = postgresStore(url)
  expect((await own.read(ref))?.body).toBe('body')
  await own.close()
  await expect(own.read(ref)).rejects.toMatchObject({ code: 'unavailable' })
  const lent = createPostgresPool(url)
  expect('close' in postgresStore(lent)).toBe(false)
  await lent.end()
})
