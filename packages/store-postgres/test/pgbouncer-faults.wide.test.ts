import { isSessionError, type SessionStore } from '@sessions/core/store'
import { startPgBouncer, waitUntil, type StartPgBouncerOptions } from '@sessions/testkit'
import type pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { migrate, postgresStore, type PostgresStoreOptions } from '../src/index.js'
import { as, createAppRole, leftOver, migrated, Pools, untimed, useServer } from './databases.js'

const context = useServer()
const tenantId = 'acme'
const ref = { tenantId, id: 'session' }
const message = (id: string) => ({ id, payload: `payload of ${id}` })

/** A database with our tables, and pools to it by way of a PgBouncer of its own. */
async function behind(options: StartPgBouncerOptions = {}) {
  const bouncer = await startPgBouncer(context.server, options)
  const pools = new Pools()
  onTestFinished(async () => {
    await pools.end()
    await bouncer.stop()
  })
  const url = await migrated(context.server)
  const pool = (options?: pg.PoolConfig) => pools.open(bouncer.through(url), { ...untimed, ...options })
  return { bouncer, pools, url, pool }
}

function codeOf(error: unknown): string {
  if (!isSessionError(error)) throw error
  return error.code
}

/** Appends until it is acknowledged, by the same id each time; says which errors there were on the way. */
async function appendSurely(store: SessionStore, id: string, errors: string[]): Promise<void> {
  const append = () => store.commit(ref, { messages: [message(id)] }).then(() => true)
  const settled = () =>
    append().catch((error: unknown) => {
      errors.push(codeOf(error))
      return false
    })
  await waitUntil(settled, { what: `the append of ${id}` })
}

const idsOf = (writer: number, count: number) => Array.from({ length: count }, (_, n) => `w${writer}.${n}`)

async function expectExactly(store: SessionStore, ids: readonly string[]): Promise<void> {
  const { messages, more } = await store.messages(ref, { limit: 1000 })
  expect(more).toBe(false)
  expect(messages.map(({ seq }) => seq)).toEqual(ids.map((_, index) => index + 1))
  expect(new Set(messages.map(({ id }) => id))).toEqual(new Set(ids))
}

describe.each([{}, { maxPreparedStatements: 100 }])('over fewer connections than clients: %o', (options) => {
  test('32 writers of two processes append to one session: nothing is lost, seq is dense', async () => {
    const { pool, url } = await behind(options)
    const stores = [1, 2].map(() =>
      postgresStore(pool({ max: 16 }), { writeTimeoutMs: 30_000, coalesce: false }),
    )
    await stores[0]!.commit(ref, { revision: 0 })
    const acknowledged: number[] = []
    const lanes = Array.from({ length: 32 }, (_, writer) => idsOf(writer, 20))
    await Promise.all(
      lanes.map(async (ids, writer) => {
        for (const id of ids) {
          const { messages } = await stores[writer % 2]!.commit(ref, { messages: [message(id)] })
          expect(messages).toMatchObject([{ id, inserted: true }])
          acknowledged.push(messages[0]!.seq)
        }
      }),
    )
    expect(acknowledged.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 640 }, (_, n) => n + 1))
    await expectExactly(stores[1]!, lanes.flat())
    const direct = context.pools.open(url)
    expect(await leftOver(direct)).toBe(0)
    const { rows } = await direct.query<{ count: string }>(
      'select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    expect(Number(rows[0]!.count), 'connections of the server').toBeLessThanOrEqual(3)
  })
})

describe('a connection that others get next', () => {
  /** Everything a store does. */
  async function everything(store: SessionStore): Promise<void> {
    await store.commit(ref, { revision: 0, messages: [message('m1')] })
    await store.commit({ tenantId, id: 'expired' }, { revision: 0, idleMs: 0, messages: [message('m1')] })
    await Promise.all([2, 3, 4].map((n) => store.commit(ref, { messages: [message(`m${n}`)] })))
    await store.commit(ref, { messages: [message('m1')] })
    await store.commit(ref, { revision: 1, body: 'body' })
    await expect(store.commit(ref, { revision: 1, body: 'late' })).rejects.toThrow()
    await Promise.all([store.read(ref), store.read(ref, { tail: 2 }), store.read(ref)])
    await store.messages(ref, { limit: 2 })
    await store.amend(ref, [{ seq: 1, payload: 'amended' }])
    await store.trim(ref, 1)
    await store.list({ tenantId, limit: 10 })
    expect(await store.sweep({ limit: 10 })).toBe(1)
    await store.remove(ref)
  }

  // Names that PgBouncer sets itself, for every client.
  const ofPgBouncer = ['application_name', 'client_encoding', 'DateStyle', 'TimeZone']

  const modes: PostgresStoreOptions[] = [{ prepare: false }, { prepare: false, rls: 'sessions.tenant' }]
  test.each(modes)('finds nothing in it: %o', async (options) => {
    const { bouncer, pools, pool, url } = await behind({ settings: { default_pool_size: 1 } })
    await migrate(pool(), options.rls === undefined ? {} : { rls: options.rls })
    const owner = context.pools.open(url)
    const role = options.rls === undefined ? 'plain_app' : 'secured_app'
    await createAppRole(owner, role)
    const mine = pools.open(bouncer.through(as(role, url)), untimed)
    const pidOf = async () => (await mine.query<{ pid: number }>('select pg_backend_pid() pid')).rows[0]!.pid
    const pid = await pidOf()
    await everything(postgresStore(mine, options))
    expect(await pidOf(), 'it was one connection all the time').toBe(pid)
    const { rows } = await mine.query(`select
      (select count(*) from pg_prepared_statements where not from_sql) as prepared,
      (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory') as locks,
      (select count(*) from pg_listening_channels()) as channels,
      (select count(*) from pg_cursors where is_holdable) as cursors,
      (select count(*) from pg_class where relpersistence = 't') as temporary,
      nullif(current_setting('sessions.tenant', true), '') as tenant,
      nullif(current_setting('sessions.tenant_sweep', true), '') as sweeping`)
    expect(rows).toEqual([
      {
        prepared: '0',
        locks: '0',
        channels: '0',
        cursors: '0',
        temporary: '0',
        tenant: null,
        sweeping: null,
      },
    ])
    const settings = await mine.query<{ name: string }>(
      "select name from pg_settings where source = 'session'",
    )
    expect(settings.rows.map(({ name }) => name).filter((name) => !ofPgBouncer.includes(name))).toEqual([])
  })

  test('shows no tenant what the one before wrote', async () => {
    const rls = 'sessions.tenant'
    const { bouncer, pools, pool, url } = await behind({ settings: { default_pool_size: 2 } })
    await migrate(pool(), { rls })
    await createAppRole(context.pools.open(url), 'tenants_app')
    const pooled = () => pools.open(bouncer.through(as('tenants_app', url)), untimed)
    const stores = [1, 2].map(() =>
      postgresStore(pooled(), { rls, writeTimeoutMs: 30_000, readTimeoutMs: 30_000 }),
    )
    const tenants = ['acme', "o'hare\\", 'third']
    await Promise.all(
      tenants.map(async (tenantId, index) => {
        const same = { tenantId, id: 'same' }
        const [mine, other] = index % 2 === 0 ? stores : stores.toReversed()
        await mine!.commit(same, { revision: 0, body: tenantId })
        for (let n = 1; n <= 40; n++) {
          await expect(mine!.commit(same, { revision: 99, body: 'x' })).rejects.toThrow()
          const { messages } = await mine!.commit(same, { messages: [{ id: `m${n}`, payload: tenantId }] })
          expect(messages[0]?.seq).toBe(n)
          const stored = await other!.read(same, { tail: 2 })
          expect(stored?.body).toBe(tenantId)
          expect(new Set(stored?.messages.map(({ payload }) => payload))).toEqual(new Set([tenantId]))
        }
      }),
    )
    const { rows } = await pooled().query('select count(*) from llm_sessions')
    expect(rows).toEqual([{ count: '0' }])
  })
})

test('PgBouncer killed and started again under load: nothing acknowledged is lost, nothing is doubled', async () => {
  const { bouncer, pool } = await behind()
  const stores = [1, 2].map(() => postgresStore(pool()))
  await stores[0]!.commit(ref, { revision: 0 })
  const lanes = Array.from({ length: 8 }, (_, writer) => idsOf(writer, 40))
  const errors: string[] = []
  let appended = 0
  const load = lanes.map(async (ids, writer) => {
    for (const id of ids) {
      await appendSurely(stores[writer % 2]!, id, errors)
      appended++
    }
  })
  const trouble = async () => {
    for (const soon of [60, 160]) {
      await waitUntil(() => appended > soon, { what: 'the load to go on' })
      await bouncer.kill()
      await bouncer.restart()
    }
  }
  await Promise.all([...load, trouble()])
  for (const code of errors) expect(['unavailable', 'unknown_outcome']).toContain(code)
  expect(errors.length).toBeGreaterThan(0)
  await expectExactly(stores[0]!, lanes.flat())
})

describe('what PgBouncer says no to', () => {
  test('a parameter that it does not know: store_failed, with what to do', async () => {
    const { bouncer, pools, url } = await behind()
    const through = bouncer.through(url)
    const refusal = { code: 'store_failed', message: expect.stringContaining('ignore_startup_parameters') }
    const store = postgresStore(pools.open(through))
    await expect(store.read(ref)).rejects.toMatchObject(refusal)
    await expect(store.commit(ref, { revision: 0 })).rejects.toMatchObject(refusal)
    await expect(migrate(through)).rejects.toMatchObject(refusal)
    // As a URL says that it wants none.
    const untimedUrl = `${through}?statement_timeout=&idle_in_transaction_session_timeout=`
    const { from, to } = await migrate(untimedUrl)
    expect(from, 'the tables were there already').toBe(to)
    const own = postgresStore(untimedUrl)
    expect((await own.commit(ref, { revision: 0 })).record.revision).toBe(1)
    await own.close()
  })

  test('one that it is told to pass over is no matter', async () => {
    const ignored = 'statement_timeout,idle_in_transaction_session_timeout'
    const { bouncer, pools, url } = await behind({ settings: { ignore_startup_parameters: ignored } })
    const store = postgresStore(pools.open(bouncer.through(url)))
    expect((await store.commit(ref, { revision: 0 })).record.revision).toBe(1)
  })

  test('a write that waited for a connection in vain was not sent: unavailable', async () => {
    const { pool } = await behind({ settings: { default_pool_size: 1, query_wait_timeout: 1 } })
    const clients = pool()
    const store = postgresStore(clients, { writeTimeoutMs: 10_000 })
    await store.commit(ref, { revision: 0 })
    const holder = await clients.connect()
    await holder.query('begin')
    const code = await store.commit(ref, { title: 'x' }).then(() => 'done', codeOf)
    await holder.query('commit')
    holder.release()
    expect(code).toBe('unavailable')
    expect((await store.read(ref))?.record.title).toBeUndefined()
  })

  test('a write for a server that is down was not sent: unavailable, and works once it is up', async () => {
    const { pool } = await behind({ settings: { server_login_retry: 1 } })
    const store = postgresStore(pool())
    await store.commit(ref, { revision: 0 })
    // Lost on the way, or refused: PgBouncer notices with the first that it cannot pass on.
    await context.server.kill()
    const codes: string[] = []
    const refused = async () => {
      codes.push(await store.commit(ref, { title: 'x' }).then(() => 'done', codeOf))
      return codes.at(-1) === 'unavailable'
    }
    await waitUntil(refused, { what: 'PgBouncer to refuse' })
    expect(codes).not.toContain('done')
    await context.server.restart()
    const append = () =>
      store.commit(ref, { messages: [message('m1')] }).then(
        () => true,
        () => false,
      )
    await waitUntil(append, { what: 'an append' })
    expect((await store.read(ref))?.record.lastSeq).toBe(1)
  })
})
