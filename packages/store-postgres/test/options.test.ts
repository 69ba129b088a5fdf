import postgres from 'postgres'
import { describe, expect, test } from 'vitest'
import { postgresStore, type PostgresStoreOptions } from '../src/index.js'

// Nobody listens there.
const away = 'postgres://localhost:1/none'
const ref = { tenantId: 'acme', id: 'one' }

describe('the options of postgresStore', () => {
  test('are refused by name where nobody reads them, or where they are out of range', () => {
    const refused = (options: object, path: string) =>
      expect(() => postgresStore(away, options as PostgresStoreOptions), path).toThrow(
        expect.objectContaining({ code: 'invalid', path }),
      )
    refused({ tablePrefx: 'x_' }, 'tablePrefx')
    refused({ statements: 'simple' }, 'statements')
    refused({ rls: 'sessions' }, 'rls')
    refused({ schema: 'a b' }, 'schema')
    for (const name of ['readTimeoutMs', 'pageTimeoutMs', 'writeTimeoutMs']) {
      for (const ms of [0, -1, 1.5, 2 ** 31, Infinity, '1000']) refused({ [name]: ms }, name)
    }
  })

  test('say what to give of other libraries', () => {
    const refused = (db: unknown, hint: string) =>
      expect(() => postgresStore(db as string), hint).toThrow(
        expect.objectContaining({
          code: 'invalid',
          path: 'db',
          message: expect.stringContaining(hint) as string,
        }),
      )
    const sql = postgres(away)
    refused(sql, 'kysely-postgres-js')
    refused({ $client: {}, select() {} }, 'Drizzle')
    refused({ $pool: {}, connect() {} }, 'give its $pool')
    refused(async () => {}, 'db must be a URL, a pg.Pool, a Kysely or a PGlite')
    refused(undefined, 'is its environment variable set?')
  })

  test('all go together, and a store of a URL ends its pool', async () => {
    const store = postgresStore(away, {
      schema: 'chat',
      tablePrefix: 'x_',
      readTimeoutMs: 1000,
      pageTimeoutMs: 1000,
      writeTimeoutMs: 1000,
      rls: 'sessions.tenant',
      prepare: false,
      coalesce: true,
      statements: 'combined',
    })
    await expect(store.read(ref)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(store.commit(ref, { revision: 0 })).rejects.toMatchObject({ code: 'unavailable' })
    await expect(store.check!(1000)).rejects.toMatchObject({ code: 'unavailable' })
    await store.close()
    await expect(store.read(ref)).rejects.toMatchObject({
      code: 'unavailable',
      cause: expect.objectContaining({
        message: expect.stringContaining('end on the pool') as string,
      }) as Error,
    })
  })
})
