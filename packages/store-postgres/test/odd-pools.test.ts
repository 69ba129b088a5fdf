import { CamelCasePlugin, Kysely, ParseJSONResultsPlugin, PostgresDialect, WithSchemaPlugin } from 'kysely'
import { PostgresJSDialect } from 'kysely-postgres-js'
import pg from 'pg'
import postgres from 'postgres'
import { beforeAll, describe, expect, test } from 'vitest'
import { checkSchema, createPostgresPool, migrate, migrationSql, postgresStore } from '../src/index.js'
import { migrated, useServer } from './databases.js'
import { asObject, bool, int4, int8, oddestPools, text, typesWith, useAll } from './odd-pools.js'
import { useRecords } from './use-records.js'

// What applications make of their pools. The store's own columns are text, and nothing else is asked of a pool.

const context = useServer()

const onPostgresJs = (
  url: string,
  options?: postgres.Options<Record<string, postgres.PostgresType>>,
): Kysely<object> =>
  new Kysely({ dialect: new PostgresJSDialect({ postgres: postgres(url, { max: 4, ...options }) }) })

// Each oddity alone, also with row-level security: odd-pools.wide.test.ts.
describe('a pool of the application with', () => {
  for (const [name, options] of Object.entries(oddestPools)) {
    test(name, async () => {
      const url = await context.server.createDatabase()
      const pool = context.pools.open(url, options)
      await migrate(pool)
      await useAll(pool)
      await useRecords(pool)
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
      await useRecords(kysely)
    })
  }

  test('numbers as objects in its pool', async () => {
    const types = typesWith({ [int8]: asObject, [int4]: asObject, [bool]: asObject })
    const pool = context.pools.open(await context.server.createDatabase(), { types })
    const kysely = new Kysely<object>({ dialect: new PostgresDialect({ pool }) })
    await migrate(kysely)
    await useAll(kysely)
    await useRecords(kysely)
  })
})

describe('a Kysely of the application on postgres.js', () => {
  const settings: Record<string, postgres.Options<Record<string, postgres.PostgresType>>> = {
    'as it is': {},
    'with names in camel case': { transform: postgres.camel },
    'without prepared statements': { prepare: false },
    'with big numbers as BigInt': { types: { bigint: postgres.BigInt } },
  }
  for (const [name, options] of Object.entries(settings)) {
    test(name, async () => {
      const kysely = onPostgresJs(await context.server.createDatabase(), options)
      try {
        await migrate(kysely)
        await checkSchema(kysely)
        await useAll(kysely)
        await useAll(kysely, { statements: 'portable' })
        await useRecords(kysely)
      } finally {
        await kysely.destroy()
      }
    })
  }

  test('keeps the lifetime that a session has of its own', async () => {
    const kysely = onPostgresJs(await migrated(context.server))
    try {
      const store = postgresStore(kysely, { readTimeoutMs: 20_000, writeTimeoutMs: 20_000 })
      const ref = { tenantId: 'acme', id: 'one' }
      const lifetime = { idleMs: 3_600_000, absoluteMs: 7_200_000 }
      await store.commit(ref, { revision: 0, body: '{}', idleMs: 60_000 })
      await store.commit(ref, { lifetime, idleMs: 60_000 })
      const { record } = (await store.read(ref))!
      expect(record.lifetime).toEqual(lifetime)
      expect(record.expiresAt).toBe(record.updatedAt + 3_600_000)
    } finally {
      await kysely.destroy()
    }
  })
})

describe('a Kysely that does not give texts as they are is refused in a sentence', () => {
  let url: string
  beforeAll(async () => {
    url = await migrated(context.server)
  })
  const parsers: Record<string, (value: string) => unknown> = {
    'in upper case': (value) => value.toUpperCase(),
    trimmed: (value) => value.trim(),
    'as what JSON they are': (value) => {
      try {
        return JSON.parse(value) as unknown
      } catch {
        return value
      }
    },
    'as dates': (value) => (Number.isNaN(Date.parse(value)) ? value : new Date(value)),
    'as objects': asObject,
    'empty ones as null': (value) => value || null,
    'or throws': () => {
      throw new Error('this parser takes no text')
    },
  }
  for (const [name, parser] of Object.entries(parsers)) {
    test(name, async () => {
      const pool = context.pools.open(url, {
        types: typesWith({ [text]: parser }),
      })
      const kysely = new Kysely<object>({ dialect: new PostgresDialect({ pool }) })
      const told = {
        code: 'store_failed',
        message: expect.stringContaining('type parser for text') as string,
      }
      await expect(migrate(kysely)).rejects.toMatchObject(told)
      const store = postgresStore(kysely)
      const ref = { tenantId: 'acme', id: 'one' }
      await Promise.all([
        expect(store.commit(ref, { revision: 0 })).rejects.toMatchObject(told),
        expect(store.read(ref)).rejects.toMatchObject(told),
        expect(store.list({ tenantId: 'acme', limit: 1 })).rejects.toMatchObject(told),
      ])
      expect(await postgresStore(pool).read(ref)).toBeUndefined()
    })
  }
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
    await expect(checkSchema(pool)).rejects.toMatchObject({ code: 'store_failed' })
    await expect(pool.query(migrationSql())).rejects.toThrow(/encoding LATIN1.*UTF8/)
    // Whoever made the tables by other means is told when a text comes that the database cannot hold.
    await pool.query('rollback')
    await pool.query(migrationSql().replace(/do \$encoding\$[^]*?end \$encoding\$;/, ''))
    const store = postgresStore(pool)
    const ref = { tenantId: 'acme', id: 'one' }
    await store.commit(ref, { revision: 0 })
    await expect(store.commit(ref, { revision: 1, body: '🙂' })).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining('UTF8') as string,
    })
  })

  test('something else than a pool is refused by name', () => {
    for (const db of [{}, null, 5, { query() {} }, { options: {} }]) {
      expect(() => postgresStore(db as unknown as pg.Pool)).toThrow(
        expect.objectContaining({ code: 'invalid', path: 'db' }),
      )
    }
    const client = new pg.Client('postgres://localhost/app')
    const pgPromise = { connect() {}, $pool: {} }
    for (const [db, named] of [
      [client, 'pg.Client'],
      [pgPromise, '$pool'],
    ] as const) {
      expect(() => postgresStore(db as unknown as pg.Pool)).toThrow(
        expect.objectContaining({ code: 'invalid', message: expect.stringContaining(named) as string }),
      )
    }
  })

  test('without a URL there is no pool, and none of this machine', () => {
    for (const url of [undefined, '', null]) {
      for (const open of [createPostgresPool, postgresStore]) {
        expect(() => open(url as unknown as string)).toThrow(expect.objectContaining({ code: 'invalid' }))
      }
    }
  })

  test('a transaction of a Kysely is refused by name', async () => {
    const pool = context.pools.open(await context.server.createDatabase())
    const kysely = new Kysely<object>({ dialect: new PostgresDialect({ pool }) })
    await kysely.transaction().execute(async (transaction) => {
      expect(() => postgresStore(transaction)).toThrow(
        expect.objectContaining({
          code: 'invalid',
          message: expect.stringContaining('transaction') as string,
        }),
      )
    })
  })

  test('a stand-in for a pool that has no options is used as it is', async () => {
    const pool = createPostgresPool(await migrated(context.server))
    const standIn = { connect: pool.connect.bind(pool), on: pool.on.bind(pool) } as unknown as pg.Pool
    await useAll(standIn)
    await pool.end()
  })

  test('a stand-in for a pool that knows promises alone is used as it is', async () => {
    const pool = createPostgresPool(await migrated(context.server))
    const connect = async () => {
      const client = await pool.connect()
      return {
        query: async (config: pg.QueryConfig) => client.query(config),
        release: () => client.release(),
      }
    }
    await useAll({ connect } as unknown as pg.Pool)
    await pool.end()
  })

  test('a server that speaks another language keeps its connections', async () => {
    const pool = createPostgresPool(await migrated(context.server))
    const released: unknown[] = []
    const connect = async () => {
      const client = await pool.connect()
      const query = async (config: pg.QueryConfig) =>
        client.query(config).catch((error: unknown) => {
          throw Object.assign(error as Error, { severity: 'FEHLER' })
        })
      const release = (error?: boolean) => {
        released.push(error)
        client.release(error)
      }
      return { query, release }
    }
    const store = postgresStore({ connect } as unknown as pg.Pool)
    const ref = { tenantId: 'acme', id: 'one' }
    const messages = [{ id: 'm1', payload: '1' }]
    await store.commit(ref, { revision: 0, messages })
    expect((await store.commit(ref, { messages })).messages).toMatchObject([{ seq: 1, inserted: false }])
    expect(released).toEqual([false, false, false])
    await pool.end()
  })

  test('a stand-in that answers otherwise is refused in a sentence, and nothing is stored', async () => {
    const pool = createPostgresPool(await migrated(context.server))
    type Answer = (config: pg.QueryConfig, client: pg.PoolClient) => Promise<unknown>
    const answers: Record<string, Answer> = {
      'rows as objects': ({ text, values }, client) => client.query(text, values),
      'values as they like': (config, client) =>
        client.query({ ...config, types: typesWith({ [int8]: BigInt }) }),
      'rows alone': async (config, client) => (await client.query(config)).rows,
      nothing: async () => undefined,
      'an error': async () => {
        throw new Error('getTypeParser is not supported')
      },
    }
    for (const [name, answer] of Object.entries(answers)) {
      const connect = async () => {
        const client = await pool.connect()
        return {
          query: (config: pg.QueryConfig) => answer(config, client),
          release: () => client.release(),
        }
      }
      const store = postgresStore({ connect } as unknown as pg.Pool)
      const ref = { tenantId: 'acme', id: 'one' }
      const told = {
        code: 'store_failed',
        message: expect.stringContaining('stands in for the pool') as string,
      }
      await expect(store.commit(ref, { revision: 0 }), name).rejects.toMatchObject(told)
      await expect(store.read(ref), name).rejects.toMatchObject(told)
      expect(await postgresStore(pool).read(ref), name).toBeUndefined()
    }
    await pool.end()
  })

  test('a stand-in whose connections never come, or throw, is told in time', async () => {
    const never = { connect: () => new Promise(() => {}) }
    const throwing = {
      connect() {
        throw new Error('no more connections')
      },
    }
    for (const pool of [never, throwing]) {
      const store = postgresStore(pool as unknown as pg.Pool, { readTimeoutMs: 100, writeTimeoutMs: 100 })
      const ref = { tenantId: 'acme', id: 'one' }
      await expect(store.read(ref)).rejects.toMatchObject({ code: 'unavailable' })
      await expect(store.commit(ref, { revision: 0 })).rejects.toMatchObject({ code: 'unavailable' })
    }
  })
})
