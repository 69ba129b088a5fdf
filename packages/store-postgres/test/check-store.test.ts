import { checkStore } from '@sessions/core/store'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { migrate, postgresStore, type PostgresStoreOptions } from '../src/index.js'
import { as, createAppRole, migrated, useServer } from './databases.js'
import { text, typesWith } from './odd-pools.js'

// Servers of tests forgo what makes a database durable.
const context = useServer({ fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' })
let url: string
let owner: pg.Pool

beforeAll(async () => {
  url = await migrated(context.server)
  owner = context.pools.open(url)
  await createAppRole(owner, 'app')
})

async function found(pool: pg.Pool | Kysely<object>, options: PostgresStoreOptions = {}, timeoutMs = 5000) {
  const findings = await checkStore(postgresStore(pool, options), { timeoutMs })
  return findings.map(({ level, code, message }) => `${level} ${code}: ${message}`)
}

/** A role with the rights of the README but for what `change` does to them. */
async function foundAs(role: string, change: string, options: pg.PoolConfig = {}) {
  await owner.query(`create role ${role} login; grant usage on schema public to ${role};
    grant select, insert, update, delete on llm_sessions, llm_session_messages to ${role};
    grant select on llm_session_migrations to ${role}; ${change}`)
  return found(context.pools.open(as(role, url), options))
}

test('nothing is wrong with a pool as the README has it, nor with a Kysely, and nothing is changed', async () => {
  const pool = context.pools.open(as('app', url))
  const counts = 'select n_tup_ins + n_tup_upd + n_tup_del as writes from pg_stat_user_tables order by relid'
  const before = await owner.query(counts)
  expect(await found(pool)).toEqual([])
  expect(await found(new Kysely<object>({ dialect: new PostgresDialect({ pool }) }))).toEqual([])
  expect(await found(context.pools.open(url, { max: 1 }))).toEqual([])
  expect((await owner.query(counts)).rows).toEqual(before.rows)
})

test('tables that are missing, or of another version', async () => {
  const pool = context.pools.open(await context.server.createDatabase())
  expect(await found(pool)).toEqual([
    expect.stringMatching(/^error migrations: .* at version 0 .*migrate\(\)/),
  ])
  expect(await found(pool, { schema: 'chat' })).toEqual([
    'error migrations: there is no schema "chat": call migrate() with the schema of the store',
  ])
  await migrate(pool)
  await pool.query('insert into llm_session_migrations (version) values (99)')
  expect(await found(pool)).toEqual([
    expect.stringMatching(/^error migrations: .* at version 99, .* update it$/),
  ])
})

test('rights that are missing', async () => {
  const lacks =
    'revoke delete on llm_session_messages from lacks; revoke insert, update on llm_sessions from lacks'
  expect(await foundAs('lacks', lacks)).toEqual([
    'error rights: the role lacks rights: grant it DELETE on "public"."llm_session_messages", INSERT on ' +
      '"public"."llm_sessions", UPDATE on "public"."llm_sessions"',
  ])
  expect(await foundAs('blind', 'revoke select on llm_session_migrations from blind')).toEqual([
    expect.stringMatching(/^warning migrations: the role may not read "public"."llm_session_migrations"/),
  ])
  await owner.query('create schema apart')
  await migrate(owner, { schema: 'apart' })
  expect(await found(context.pools.open(as('app', url)), { schema: 'apart' })).toEqual([
    'error rights: the role may not use the schema: grant usage on schema "apart" to it',
  ])
})

test('settings of a role that stores no sessions, or not what it is given', async () => {
  const readOnly = await foundAs('readonly', 'alter role readonly set default_transaction_read_only = on')
  expect(readOnly).toEqual([expect.stringMatching(/^error read_only: .*default_transaction_read_only/)])
  const pool = context.pools.open(as('app', url))
  pool.on('connect', (client) => void client.query("set client_encoding to 'LATIN1'"))
  expect(await found(pool)).toEqual([expect.stringMatching(/^error encoding: .*client_encoding LATIN1/)])
})

test('an encoding that cannot hold every text', async () => {
  await owner.query("create database narrow encoding 'SQL_ASCII' locale 'C' template template0")
  const narrow = new URL(url)
  narrow.pathname = '/narrow'
  expect(await found(context.pools.open(narrow.href))).toEqual([
    expect.stringMatching(/^error encoding: .* SQL_ASCII, .* make one with encoding 'UTF8'$/),
    expect.stringMatching(/^error migrations: /),
  ])
})

test('what works at a price, after what does not', async () => {
  const bare = new pg.Pool({ connectionString: as('app', url), options: '-c synchronous_commit=off' })
  onTestFinished(() => bare.end())
  expect(await found(bare)).toEqual([
    expect.stringMatching(/^warning durability: synchronous_commit is off/),
    expect.stringMatching(/^warning timeout: .*statement_timeout/),
    expect.stringMatching(/^warning timeout: .*connectionTimeoutMillis/),
  ])
  expect(await found(bare, { schema: 'chat' })).toEqual([
    expect.stringMatching(/^error migrations/),
    expect.stringMatching(/^warning durability/),
    expect.stringMatching(/^warning timeout/),
    expect.stringMatching(/^warning timeout/),
  ])
})

test('a statement that the server never ends is a price of pools, which make another connection', async () => {
  const untimed = context.pools.open(as('app', url), { statement_timeout: 0 })
  expect(await found(untimed)).toEqual([expect.stringMatching(/^warning timeout: .*statement_timeout/)])
  expect(await found(new Kysely<object>({ dialect: new PostgresDialect({ pool: untimed }) }))).toEqual([])
  expect(
    await foundAs('timed', "alter role timed set statement_timeout = '3s'", { statement_timeout: 0 }),
  ).toEqual([])
})

test('row-level security that does not bind, or hides everything', async () => {
  const rls = 'sessions.tenant'
  const secured = await migrated(context.server, { rls })
  const superuser = context.pools.open(secured)
  await createAppRole(superuser, 'bound')
  const pool = context.pools.open(as('bound', secured))
  expect(await found(pool, { rls })).toEqual([])
  expect(await found(pool)).toEqual([
    expect.stringMatching(/^error row_level_security: .* that migrate\(\) got$/),
  ])
  expect(await found(superuser, { rls })).toEqual([
    expect.stringMatching(/^error row_level_security: the role is a superuser/),
  ])
  expect(await found(context.pools.open(as('app', url)), { rls })).toEqual([
    expect.stringMatching(/^error row_level_security: .*call migrate\(\) with the same rls/),
  ])
  const refused = context.pools.open(as('bound', secured), { options: '-c row_security=off' })
  expect(await found(refused, { rls })).toEqual([
    expect.stringMatching(/^error row_level_security: row_security is off/),
  ])
})

test('a database that cannot be reached, or does not answer in time', async () => {
  const gone = context.pools.open('postgres://127.0.0.1:1/app')
  expect(await found(gone)).toEqual([
    expect.stringMatching(/^error unavailable: the database cannot be reached/),
  ])
  const never = { connect: () => new Promise(() => {}) } as unknown as pg.Pool
  expect(await found(never, {}, 100)).toEqual([expect.stringMatching(/^error unavailable: /)])
  const stranger = context.pools.open(as('nobody', url))
  expect(await found(stranger)).toEqual([
    expect.stringMatching(/^error store_failed: .*refuses the connection \(role "nobody" does not exist\)$/),
  ])
})

test('a Kysely whose driver changes texts', async () => {
  const types = typesWith({ [text]: (value) => value.trim() })
  const pool = context.pools.open(as('app', url), { types })
  expect(await found(new Kysely<object>({ dialect: new PostgresDialect({ pool }) }))).toEqual([
    expect.stringMatching(/^error store_failed: this Kysely does not give the texts/),
  ])
})
