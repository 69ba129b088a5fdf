import { expect, test } from 'vitest'
import { checkSchema, migrate, type MigrateOptions, migrationSql, postgresStore } from '../src/index.js'
import { latestVersion } from '../src/schema/migrations.js'
import { as, createAppRole, migrated, useServer } from './databases.js'

const context = useServer()
const ref = { tenantId: 'acme', id: 'session' }

test('20 processes at once on an empty database: one makes the tables, all succeed', async () => {
  const { server, pools } = context
  for (const options of [{}, { schema: 'chat', tablePrefix: 'x_', rls: 'sessions.tenant' }] as const) {
    const url = await server.createDatabase()
    const migrators = Array.from({ length: 20 }, () => pools.open(url, { max: 1 }))
    const results = await Promise.all(migrators.map((pool) => migrate(pool, options)))
    expect(results.filter(({ from }) => from === 0)).toHaveLength(1)
    expect(results.every(({ to }) => to === latestVersion)).toBe(true)
    const table = 'schema' in options ? 'chat.x_session_migrations' : 'llm_session_migrations'
    expect((await migrators[0]!.query(`select version from ${table}`)).rows).toEqual(
      Array.from({ length: latestVersion }, (_, index) => ({ version: index + 1 })),
    )
  }
})

test('processes at once succeed, whatever isolation the role asks for', async () => {
  const url = await context.server.createDatabase()
  const options = '-c default_transaction_isolation=serializable'
  const open = () => context.pools.open(url, { options })
  const results = await Promise.all(Array.from({ length: 4 }, () => migrate(open())))
  expect(results.filter(({ from }) => from === 0)).toHaveLength(1)
  const other = await context.server.createDatabase()
  const scripts = Array.from({ length: 4 }, () =>
    context.pools.open(other, { options }).query(migrationSql()),
  )
  await expect(Promise.all(scripts)).resolves.toHaveLength(4)
})

test('a migration again changes nothing', async () => {
  const url = await migrated(context.server)
  const store = postgresStore(context.pools.open(url))
  await store.commit(ref, { revision: 0, body: 'kept' })
  expect(await migrate(url)).toEqual({ from: latestVersion, to: latestVersion })
  expect((await store.read(ref))?.body).toBe('kept')
})

test('tables of a later version are refused, and left alone', async () => {
  const url = await migrated(context.server)
  const pool = context.pools.open(url)
  await pool.query('insert into llm_session_migrations (version) values (99)')
  await expect(migrate(pool)).rejects.toMatchObject({ code: 'store_failed', message: /version 99/ })
  await expect(checkSchema(pool)).rejects.toMatchObject({ code: 'store_failed', message: /version 99/ })
})

test('a migration that fails leaves nothing behind', async () => {
  const url = await context.server.createDatabase()
  const pool = context.pools.open(url)
  await pool.query('create table llm_session_messages (taken text)')
  await expect(migrate(pool)).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringMatching(/"llm_session_messages" already exists.*another tablePrefix/) as string,
  })
  expect((await pool.query("select to_regclass('llm_sessions') is null as absent")).rows).toEqual([
    { absent: true },
  ])
})

test('stands beside the tables of other libraries', async () => {
  const pool = context.pools.open(await context.server.createDatabase())
  const others = ['sessions', 'session', 'users', 'accounts', 'session_messages']
  for (const name of others) await pool.query(`create table ${name} ("sessionToken" text)`)
  await migrate(pool)
  const ref = { tenantId: 'acme', id: 's' }
  expect((await postgresStore(pool).commit(ref, { revision: 0 })).record.revision).toBe(1)
  for (const name of others) expect((await pool.query(`select * from ${name}`)).rows).toEqual([])
})

test('the SQL can be applied by other means, more than once', async () => {
  for (const options of [{}, { schema: 'chat', tablePrefix: 'x_' }]) {
    const pool = context.pools.open(await context.server.createDatabase())
    await pool.query(migrationSql(options))
    await pool.query(migrationSql(options))
    await checkSchema(pool, options)
    expect(await migrate(pool, options)).toEqual({ from: latestVersion, to: latestVersion })
    const { record } = await postgresStore(pool, options).commit(ref, { revision: 0 })
    expect(record.revision).toBe(1)
  }
})

test('a role that may only read and write is enough at run time', async () => {
  const url = await migrated(context.server)
  await createAppRole(context.pools.open(url), 'app')
  const pool = context.pools.open(as('app', url))
  await expect(pool.query('create table more (id text)')).rejects.toThrow('permission denied')
  await checkSchema(pool)
  const store = postgresStore(pool)
  await store.commit(ref, { revision: 0, messages: [{ id: 'm1', payload: 'one' }] })
  await store.commit(ref, {
    messages: [
      { id: 'm1', payload: 'one' },
      { id: 'm2', payload: 'two' },
    ],
  })
  expect(await store.amend(ref, [{ seq: 1, payload: 'amended' }])).toBe(1)
  expect(await store.trim(ref, 1)).toBe(1)
  expect((await store.list({ tenantId: 'acme', limit: 10 })).items).toHaveLength(1)
  await store.commit(ref, { idleMs: 0 })
  expect(await store.sweep({ limit: 10 })).toBe(1)
  expect(await store.remove(ref)).toBe(false)
})

test('without tables every error says which version is needed, and how to get it', async () => {
  const pool = context.pools.open(await context.server.createDatabase())
  const missing = { code: 'store_failed', message: new RegExp(`version ${latestVersion}.*migrate\\(\\)`) }
  await expect(checkSchema(pool)).rejects.toMatchObject({
    code: 'store_failed',
    message: new RegExp(`schema "public" are at version 0 and this package needs version ${latestVersion}`),
  })
  const store = postgresStore(pool)
  await expect(store.read(ref)).rejects.toMatchObject(missing)
  await expect(store.commit(ref, { revision: 0 })).rejects.toMatchObject(missing)
  await expect(store.sweep({ limit: 1 })).rejects.toMatchObject(missing)
  await migrate(pool)
  expect(await store.read(ref)).toBeUndefined()
})

test('names that are no identifiers are refused before anything is sent', () => {
  for (const name of ['', 'a-b', '1a', 'a"b', 'a.b', 'a b', 'a;--', 'ä', 'x'.repeat(64)]) {
    expect(() => migrationSql({ schema: name }), name).toThrow('schema must be')
    if (name !== '') expect(() => migrationSql({ tablePrefix: name }), name).toThrow('tablePrefix must be')
  }
  expect(() => migrationSql({ rls: "a.b'; drop table" })).toThrow('rls must be')
})

test('options that nobody reads, and times that are none, are refused before anything is sent', async () => {
  const away = 'postgres://localhost:1/none'
  const unknown = { code: 'invalid', path: 'prefix', message: /not a known option; did you mean tablePrefix/ }
  const wrong = { prefix: 'x_' } as MigrateOptions
  expect(() => migrationSql(wrong)).toThrow(expect.objectContaining({ path: 'prefix' }))
  await expect(migrate(away, wrong)).rejects.toMatchObject(unknown)
  await expect(checkSchema(away, wrong)).rejects.toMatchObject(unknown)
  for (const timeoutMs of [0, 1.5, NaN, '1; drop table llm_sessions']) {
    const options = { timeoutMs } as MigrateOptions
    await expect(migrate(away, options)).rejects.toMatchObject({ code: 'invalid', path: 'timeoutMs' })
    await expect(checkSchema(away, options)).rejects.toMatchObject({ code: 'invalid', path: 'timeoutMs' })
  }
  expect(() => migrationSql({ timeoutMs: 5 } as MigrateOptions)).toThrow(
    expect.objectContaining({ path: 'timeoutMs' }),
  )
})

test('a column that gets another type while statements are prepared stops no call', async () => {
  const url = await migrated(context.server)
  const pool = context.pools.open(url, { max: 1 })
  const store = postgresStore(pool)
  await store.commit(ref, { revision: 0, body: 'as it was' })
  expect(await store.read(ref)).toMatchObject({ body: 'as it was' })
  await context.pools.open(url).query('alter table llm_sessions alter body type varchar')
  expect(await store.read(ref)).toMatchObject({ body: 'as it was' })
})
