import { CamelCasePlugin, Kysely, ParseJSONResultsPlugin, PostgresDialect, WithSchemaPlugin } from 'kysely'
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { createPostgresPool, migrate, postgresStore } from '../src/index.js'
import { migrated, useServer } from './databases.js'
import { asObject, bool, int4, int8, oddestPools, typesWith, useAll } from './odd-pools.js'

// What applications make of their pools. The store's own columns are text, and nothing else is asked of a pool.

const context = useServer()

// Each oddity alone, also with row-level security: odd-pools.wide.test.ts.
describe('a pool of the application with', () => {
  for (const [name, options] of Object.entries(oddestPools)) {
    test(name, async () => {
      const url = await context.server.createDatabase()
      const pool = context.pools.open(url, options)
      await migrate(pool)
      await useAll(pool)
    })
  }
})

describe('a Kysely of the application with', () => {
  const kyselys: Record<string, (pool: pg.Pool) => Kysely<object>> = {
    ParseJSONResultsPlugin: (pool) =>
      new Kysely({ dialect: new PostgresDialect({ pool }), plugins: [new ParseJSONResultsPlugin()] }),
    CamelCasePlugin: (pool) =>
      new Kysely({
        dialect: new PostgresDialect({ pool }),
        plugins: [new CamelCasePlugin({ upperCase: true }), new WithSchemaPlugin('elsewhere')],
      }),
  }
  for (const [name, open] of Object.entries(kyselys)) {
    test(name, async () => {
      const kysely = open(context.pools.open(await context.server.createDatabase()))
      await migrate(kysely)
      await useAll(kysely)
    })
  }

  test('numbers as objects in its pool', async () => {
    const types = typesWith({ [int8]: asObject, [int4]: asObject, [bool]: asObject })
    const pool = context.pools.open(await context.server.createDatabase(), { types })
    const kysely = new Kysely<object>({ dialect: new PostgresDialect({ pool }) })
    await migrate(kysely)
    await useAll(kysely)
  })
})

describe('what is no database for sessions', () => {
  test('an encoding that cannot hold every text is refused by migrate, in a sentence', async () => {
    const admin = context.pools.open(await context.server.createDatabase())
    await admin.query("create database narrow encoding 'LATIN1' locale 'C' template template0")
    const url = new URL(await context.server.createDatabase())
    url.pathname = '/narrow'
    const pool = context.pools.open(url.href)
    await expect(migrate(pool)).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringMatching(/encoding LATIN1.*UTF8/) as string,
    })
    const { rows } = await pool.query(
      "select count(*)::int as count from pg_class where relname = 'llm_sessions'",
    )
    expect(rows).toEqual([{ count: 0 }])
  })

  test('something else than a pool is refused by name', () => {
    for (const db of [{}, null, 5, { query() {} }, { options: {} }]) {
      expect(() => postgresStore(db as unknown as pg.Pool)).toThrow(
        expect.objectContaining({ code: 'invalid', path: 'db' }),
      )
    }
  })

  test('a stand-in for a pool that has no options is used as it is', async () => {
    const pool = createPostgresPool(await migrated(context.server))
    const standIn = { connect: pool.connect.bind(pool), on: pool.on.bind(pool) } as unknown as pg.Pool
    await useAll(standIn)
    await pool.end()
  })
})
