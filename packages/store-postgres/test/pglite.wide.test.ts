import { PGlite, types } from '@electric-sql/pglite'
import { checkStore } from '@sessions/core/store'
import { storeChapters } from '@sessions/core/testing'
import {
  type CompiledQuery,
  type DatabaseConnection,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import { afterAll, describe, expect, test } from 'vitest'
import {
  checkSchema,
  migrate,
  type PostgresDatabase,
  postgresSearch,
  postgresStore,
  postgresUsageLog,
} from '../src/index.js'
import { latestVersion } from '../src/schema/migrations.js'
import { useAll } from './odd-pools.js'

// PGlite is a Postgres inside the process, with one connection, and with the clock of the process.

/** The dialect that Kysely 0.29 has, and others for PGlite, as far as it matters: one connection, which is lent to all at once. */
function kyselyOn(database: PGlite): Kysely<object> {
  const connection: DatabaseConnection = {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      const { rows } = await database.query<Row>(sql, [...parameters])
      return { rows }
    },
    streamQuery() {
      throw new Error('no streams here')
    },
  }
  const driver = {
    async init() {},
    acquireConnection: async () => connection,
    async beginTransaction() {},
    async commitTransaction() {},
    async rollbackTransaction() {},
    async releaseConnection() {},
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

const patient = { readTimeoutMs: 60_000, writeTimeoutMs: 60_000 }

// It takes its time to start, more than a hook may.
const database = await PGlite.create({
  // An application may read its own columns as it likes.
  parsers: { [types.TEXT]: (value) => value.toUpperCase(), [types.INT8]: (value) => ({ value }) },
})
const plain = (await database.clone()) as PGlite
const kysely = kyselyOn(plain)
afterAll(() => database.close())

/** The cases that are left out: they change `Date` of the process, which is the clock of this database. */
const ofOtherClocks = [
  "times are the store's in a process whose clock is an hour ahead",
  "times are the store's in a process whose clock is an hour behind",
  'a process whose clock is an hour ahead loses no session',
  'a process whose clock is an hour behind sees no expired session',
]

test('the cases that are left out are cases', () => {
  const titles = storeChapters.flatMap(({ cases }) => cases.map(({ title }) => title))
  expect(ofOtherClocks.filter((title) => !titles.includes(title))).toEqual([])
})

function describeSuite(title: string, db: PostgresDatabase<object>): void {
  describe(title, () => {
    const stores = { store: postgresStore(db, patient), peer: postgresStore(db, patient) }
    test('migrates', async () => expect(await migrate(db)).toEqual({ from: 0, to: latestVersion }))
    for (const chapter of storeChapters) {
      describe(chapter.title, () => {
        for (const each of chapter.cases) {
          if (!ofOtherClocks.includes(each.title)) test(each.title, async () => each.run(stores))
        }
      })
    }
  })
}

describeSuite('postgresStore on PGlite', database)
describeSuite('postgresStore over a Kysely on PGlite', kysely)

describe('what else an application needs in its tests', () => {
  for (const [name, db] of [
    ['a PGlite', database],
    ['a Kysely on one', kysely],
  ] as const) {
    test(`${name}: every verb, several at once, beside usage and search`, async () => {
      const where = { schema: 'toured' }
      await migrate(db, where)
      await useAll(db, where)
      const event = { id: 'e1', at: 1, outcome: 'completed', inputTokens: 1, outputTokens: 1 } as const
      expect(await postgresUsageLog(db, where).append('acme', [event])).toBe(1)
      const search = postgresSearch(db, where)
      const session = { sessionId: 's1', incarnation: 'i1' }
      await search.own('acme', session, 'bob')
      await search.extend('acme', session, 5)
      await search.drop('acme', session)
      const findings = await checkStore(postgresStore(db, { ...patient, ...where }))
      expect(findings.filter(({ level }) => level === 'error')).toEqual([])
    })

    test(`${name}: row-level security`, async () => {
      const where = { schema: 'secured', rls: 'sessions.tenant' } as const
      expect(await migrate(db, where)).toEqual({ from: 0, to: latestVersion })
      expect(await migrate(db, where)).toEqual({ from: latestVersion, to: latestVersion })
      await checkSchema(db, where)
      const raw = db === kysely ? plain : database
      await raw.exec(`create role app; grant usage on schema secured to app;
        grant select, insert, update, delete on all tables in schema secured to app; set role app`)
      const store = postgresStore(db, { ...patient, ...where })
      const ref = { tenantId: 'acme', id: 'one' }
      await store.commit(ref, { revision: 0, messages: [{ id: 'm1', payload: '{}' }], idleMs: 60_000 })
      expect((await store.read(ref, { tail: 5 }))?.messages).toHaveLength(1)
      expect(await store.read({ ...ref, tenantId: 'other' })).toBeUndefined()
      await store.commit(ref, { idleMs: 0 })
      expect(await store.sweep({ limit: 5 })).toBe(1)
      await raw.exec('reset role')
    })
  }

  test('a transaction of the application, and those of the store, keep out of each other', async () => {
    await database.exec('create table own (n integer)')
    const store = postgresStore(database, patient)
    const ref = { tenantId: 'own', id: 'one' }
    const message = { id: 'm1', payload: '1' }
    await store.commit(ref, { revision: 0, messages: [message] })
    // A repeated id takes a transaction of several statements, which a conflict rolls back.
    const conflicts = Array.from({ length: 10 }, () =>
      expect(
        store.commit(ref, { messages: [message, { id: 'm1', payload: 'other' }] }),
      ).rejects.toMatchObject({
        code: 'conflict',
      }),
    )
    const inserts = Array.from({ length: 10 }, (_, n) => database.query('insert into own values ($1)', [n]))
    const rolledBack = database.transaction(async (transaction) => {
      await transaction.query('insert into own values (99)')
      await transaction.rollback()
    })
    await Promise.all([...conflicts, ...inserts, rolledBack])
    expect((await database.query('select count(*)::int4 as count, max(n) as max from own')).rows).toEqual([
      { count: 10, max: 9 },
    ])
    expect((await store.read(ref))?.record.lastSeq).toBe(1)
  })

  test('a call that cannot begin in time does nothing later', async () => {
    const store = postgresStore(database, { readTimeoutMs: 50, writeTimeoutMs: 50 })
    const ref = { tenantId: 'late', id: 'one' }
    let free = (): void => {}
    const held = database.transaction(() => new Promise<void>((resolve) => (free = resolve)))
    const message = { id: 'm1', payload: '1' }
    await expect(store.commit(ref, { revision: 0, messages: [message, message] })).rejects.toMatchObject({
      code: 'unavailable',
    })
    free()
    await held
    expect(await postgresStore(database, patient).read(ref)).toBeUndefined()
  })

  test('a PGlite that is closed', async () => {
    await plain.close()
    await expect(postgresStore(plain).read({ tenantId: 'acme', id: 'one' })).rejects.toMatchObject({
      code: 'unavailable',
    })
  })
})
