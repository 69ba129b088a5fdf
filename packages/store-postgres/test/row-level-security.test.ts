import { isSessionError } from '@sessions/core/store'
import pg from 'pg'
import { expect, test } from 'vitest'
import { migrate, postgresStore } from '../src/index.js'
import { as, leftOver, migrated, useServer } from './databases.js'
import { options, secured, useInTurns } from './secured.js'

const context = useServer()
const ref = { tenantId: 'acme', id: 'session' }

test('roles and tables that policies would not hold are refused, every time', async () => {
  const url = await migrated(context.server)
  const owner = context.pools.open(url)
  await owner.query(
    'create role bypassing login bypassrls; create role owning login; create role sound login',
  )
  for (const role of ['bypassing', 'sound']) {
    await owner.query(`grant select, insert, update, delete on all tables in schema public to ${role}`)
  }
  const refusal = async (role: string, rls = options.rls) => {
    const store = postgresStore(context.pools.open(as(role, url)), { rls })
    const first = await store.read(ref).catch((error: unknown) => error)
    expect(isSessionError(first, 'store_failed')).toBe(true)
    await expect(store.commit(ref, { revision: 0 })).rejects.toThrow((first as Error).message)
    return (first as Error).message
  }
  expect(await refusal('sound')).toContain('not enabled and forced')
  await migrate(owner, options)
  expect(await refusal('postgres')).toContain('superuser or has BYPASSRLS')
  expect(await refusal('bypassing')).toContain('superuser or has BYPASSRLS')
  expect(await refusal('sound', 'other.tenant' as never)).toContain('no policy on other.tenant')
  await owner.query(
    'alter table llm_sessions owner to owning; alter table llm_session_messages owner to owning',
  )
  await owner.query('alter table llm_sessions no force row level security')
  expect(await refusal('owning')).toContain('not enabled and forced')
  await owner.query('alter table llm_sessions force row level security')
  const store = postgresStore(context.pools.open(as('owning', url)), options)
  expect((await store.commit(ref, { revision: 0 })).record.revision).toBe(1)
})

test('a store that is told nothing of policies is told what refuses its rows', async () => {
  const url = await migrated(context.server)
  const owner = context.pools.open(url)
  await owner.query(`create role untold login; grant usage on schema public to untold;
    grant select, insert, update, delete on all tables in schema public to untold;
    alter table llm_sessions enable row level security`)
  const store = postgresStore(context.pools.open(as('untold', url)))
  await expect(store.commit(ref, { revision: 0 })).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringMatching(/^row-level security refuses a row: .* rls that migrate/) as string,
  })
})

test('two tenants in turns on one connection, 200 times with errors: neither sees the other', () =>
  useInTurns(context, 100))

test('whoever names no tenant sees nothing, and whoever names one writes for no other', async () => {
  const { url } = await secured(context, 'careless')
  const store = postgresStore(context.pools.open(url), options)
  await store.commit(ref, { revision: 0, messages: [{ id: 'm1', payload: 'one' }] })
  const client = new pg.Client(url)
  await client.connect()
  const count = async () =>
    Number((await client.query('select count(*) from llm_session_messages')).rows[0].count)
  expect(await count()).toBe(0)
  await client.query("begin; select set_config('app.tenant', 'acme', true)")
  expect(await count()).toBe(1)
  const foreign = client.query(
    "insert into llm_session_messages (tenant_id, session_key, seq, at, id, payload) values ('other', 1, 1, 1, 'm', 'p')",
  )
  await expect(foreign).rejects.toThrow('row-level security')
  await client.query('rollback')
  expect(await count()).toBe(0)
  await client.end()
})

test('a sweep takes expired sessions of all tenants, and can see nothing else', async () => {
  const { url, owner } = await secured(context, 'sweeping')
  const store = postgresStore(context.pools.open(url), options)
  for (const tenantId of ['a', 'b', 'c']) {
    for (const id of ['1', '2', '3']) {
      const messages = [{ id: 'm1', payload: 'one' }]
      await store.commit({ tenantId, id }, { revision: 0, messages, idleMs: id === '3' ? 60_000 : 0 })
    }
  }
  expect(await store.sweep({ limit: 4 })).toBe(4)
  expect(await store.sweep({ limit: 100 })).toBe(2)
  expect(await store.sweep({ limit: 100 })).toBe(0)
  expect((await owner.query('select count(*) from llm_session_messages')).rows[0].count).toBe('3')
  expect(await leftOver(owner)).toBe(0)
  const client = new pg.Client(url)
  await client.connect()
  await client.query("begin; select set_config('app.tenant_sweep', 'on', true)")
  expect((await client.query('select count(*) from llm_sessions')).rows[0].count).toBe('0')
  expect((await client.query('select count(*) from llm_session_messages')).rows[0].count).toBe('0')
  await client.end()
})
