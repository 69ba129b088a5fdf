import { PGlite } from '@electric-sql/pglite'
import { describeSessionStore } from '@sessions/core/testing'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { checkSchema, migrate, postgresStore } from '../src/index.js'

/** A Kysely on a Postgres inside this process, as an application has it for its own tests: one connection in all. */
function onPGlite(database: PGlite): Kysely<object> {
  const connection: DatabaseConnection = {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      const { rows } = await database.query<Row>(sql, [...parameters])
      return { rows }
    },
    async *streamQuery() {
      throw new Error('no streams here')
    },
  }
  let last = Promise.resolve()
  let free = (): void => {}
  const driver: Driver = {
    async init() {},
    async acquireConnection() {
      const before = last
      let end = (): void => {}
      last = new Promise((resolve) => {
        end = resolve
      })
      await before
      free = end
      return connection
    },
    async beginTransaction() {},
    async commitTransaction() {},
    async rollbackTransaction() {},
    async releaseConnection() {
      free()
    },
    destroy: () => database.close(),
  }
  return new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driver,
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
}

const patient = { readTimeoutMs: 30_000, writeTimeoutMs: 30_000 }

// It takes its time to start, more than a hook may.
const database = await PGlite.create()
const kysely = onPGlite(database)
afterAll(() => kysely.destroy())

describeSessionStore('postgresStore over a Kysely on PGlite', async () => {
  await migrate(kysely)
  return { store: postgresStore(kysely, patient), peer: postgresStore(kysely, patient) }
})

test('migrations and row-level security are one command a query', async () => {
  const where = { schema: 'secured', rls: 'sessions.tenant' } as const
  expect(await migrate(kysely, where)).toEqual({ from: 0, to: 1 })
  expect(await migrate(kysely, where)).toEqual({ from: 1, to: 1 })
  await checkSchema(kysely, where)
  await database.exec(`create role app; grant usage on schema secured to app;
    grant select, insert, update, delete on all tables in schema secured to app; set role app`)
  const store = postgresStore(kysely, { ...patient, ...where })
  const ref = { tenantId: 'acme', id: 'one' }
  await store.commit(ref, { revision: 0, messages: [{ id: 'm1', payload: '{}' }], idleMs: 60_000 })
  expect((await store.read(ref, { tail: 5 }))?.messages).toHaveLength(1)
  expect(await store.read({ ...ref, tenantId: 'other' })).toBeUndefined()
  await store.commit(ref, { idleMs: 0 })
  expect(await store.sweep({ limit: 5 })).toBe(1)
})
