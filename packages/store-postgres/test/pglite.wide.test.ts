import { Worker } from 'node:worker_threads'
import { describeSessionStore } from '@sessions/core/testing'
import {
  CompiledQuery,
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

/** A Postgres inside this process, as an application has it for its own tests. */
class EmbeddedPostgres {
  readonly #worker = new Worker(new URL('./pglite-worker.mjs', import.meta.url))
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  readonly ready: Promise<Reply>
  #count = 0

  constructor() {
    this.ready = new Promise((resolve) => this.#waiting.set(0, resolve))
    this.#worker.on('message', (reply: Reply) => {
      this.#waiting.get(reply.n)?.(reply)
      this.#waiting.delete(reply.n)
    })
  }

  async query(sql: string, parameters: readonly unknown[] = []): Promise<unknown[]> {
    const n = ++this.#count
    const { rows = [], error } = await new Promise<Reply>((resolve) => {
      this.#waiting.set(n, resolve)
      this.#worker.postMessage({ n, sql, parameters })
    })
    if (error !== undefined) throw Object.assign(new Error(error.message), error)
    return rows
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}

interface Reply {
  readonly n: number
  readonly rows?: unknown[]
  readonly error?: { message: string; code: string; severity: string }
}

/** A Kysely on its single connection. */
function onEmbedded(database: EmbeddedPostgres): Kysely<object> {
  const connection: DatabaseConnection = {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      return { rows: (await database.query(sql, parameters)) as Row[] }
    },
    streamQuery() {
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
const database = new EmbeddedPostgres()
await database.ready
const kysely = onEmbedded(database)
afterAll(() => kysely.destroy())

describeSessionStore('postgresStore over a Kysely on PGlite', async () => {
  await migrate(kysely)
  return { store: postgresStore(kysely, patient), peer: postgresStore(kysely, patient) }
})

test('migrations and row-level security are one command a query', async () => {
  const where = { schema: 'secured', rls: 'sessions.tenant' } as const
  expect(await migrate(kysely, where)).toEqual({ from: 0, to: 2 })
  expect(await migrate(kysely, where)).toEqual({ from: 2, to: 2 })
  await checkSchema(kysely, where)
  for (const command of [
    'create role app',
    'grant usage on schema secured to app',
    'grant select, insert, update, delete on all tables in schema secured to app',
    'set role app',
  ]) {
    await kysely.executeQuery(CompiledQuery.raw(command))
  }
  const store = postgresStore(kysely, { ...patient, ...where })
  const ref = { tenantId: 'acme', id: 'one' }
  await store.commit(ref, { revision: 0, messages: [{ id: 'm1', payload: '{}' }], idleMs: 60_000 })
  expect((await store.read(ref, { tail: 5 }))?.messages).toHaveLength(1)
  expect(await store.read({ ...ref, tenantId: 'other' })).toBeUndefined()
  await store.commit(ref, { idleMs: 0 })
  expect(await store.sweep({ limit: 5 })).toBe(1)
})
