import Libsql from 'libsql'
import { describe, expect, test } from 'vitest'
import { checkSchema, migrate, type SqliteDatabase, sqliteSearch, sqliteStore } from '../src/index.js'

// What applications make of their databases.

type Row = Record<string, unknown>

/** A driver whose rows, or answers, are others than those of libsql. */
function changed(database: Libsql.Database, row: (row: Row) => unknown, answer = (given: unknown) => given) {
  return {
    exec: (sql: string) => answer(database.exec(sql)),
    close: () => database.close(),
    prepare(sql: string) {
      const statement = database.prepare(sql)
      return {
        all: (...values: unknown[]) => answer((statement.all(...values) as Row[]).map(row)),
        get(...values: unknown[]) {
          const found = statement.get(...values) as Row | undefined
          return answer(found && row(found))
        },
        run: (...values: unknown[]) => answer(statement.run(...values)),
      }
    },
  } as unknown as SqliteDatabase
}

const entries = (row: Row, change: (name: string, value: unknown) => [string, unknown]) =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => change(name, value)))

const asBigint = (value: unknown) => (typeof value === 'number' ? BigInt(value) : value)

async function useAll(database: SqliteDatabase): Promise<void> {
  await migrate(database)
  const store = sqliteStore(database)
  const ref = { tenantId: 'acme', id: 's' }
  const message = (n: number) => ({ id: `m${n}`, payload: `{"n":${n},"text":"漢 🙂"}` })
  await store.commit(ref, {
    revision: 0,
    body: '{"a":1}',
    userId: 'u',
    idleMs: 60_000,
    messages: [message(1)],
  })
  await store.commit(ref, { messages: [message(2)] })
  expect((await store.commit(ref, { messages: [2, 3].map(message) })).messages).toMatchObject([
    { seq: 2, inserted: false },
    { seq: 3, inserted: true },
  ])
  const copy = (await store.read(ref, { tail: 5 }))!
  expect(copy).toMatchObject({ body: '{"a":1}', record: { lastSeq: 3, userId: 'u' } })
  expect(copy.messages).toMatchObject([1, 2, 3].map(message))
  expect((await store.messages(ref, { limit: 2, order: 'desc' })).messages).toMatchObject([3, 2].map(message))
  expect(await store.amend(ref, [{ seq: 2, payload: 'amended' }])).toBe(1)
  expect(await store.trim(ref, 1)).toBe(1)
  expect((await store.list({ tenantId: 'acme', userId: 'u', limit: 5 })).items).toHaveLength(1)
  await store.restore({ ...ref, id: 'two' }, copy)
  expect(await store.remove({ ...ref, id: 'two' })).toBe(true)
  await store.commit(ref, { idleMs: 0 })
  expect(await store.sweep({ limit: 5 })).toBe(1)
}

describe('a database of the application with', () => {
  const databases: Record<string, (database: Libsql.Database) => SqliteDatabase> = {
    'safe integers': (database) => database.defaultSafeIntegers(true),
    'bigints everywhere': (database) =>
      changed(database, (row) => entries(row, (name, value) => [name, asBigint(value)])),
    'rows without a prototype': (database) =>
      changed(database, (row) => Object.assign(Object.create(null) as Row, row)),
  }
  const pragmas = [
    'case_sensitive_like = 1',
    'reverse_unordered_selects = 1',
    'recursive_triggers = 1; pragma foreign_keys = 1',
    'locking_mode = exclusive',
    'trusted_schema = 0; pragma cell_size_check = 1',
    'cache_size = 1; pragma temp_store = 2',
  ]
  for (const pragma of pragmas) {
    databases[`pragma ${pragma}`] = (database) => {
      database.exec(`pragma ${pragma}`)
      return database
    }
  }
  for (const [name, open] of Object.entries(databases)) {
    test(name, async () => useAll(open(new Libsql(':memory:'))))
  }
})

describe('a driver that answers otherwise is refused in a sentence:', () => {
  const drivers: Record<string, (database: Libsql.Database) => SqliteDatabase> = {
    'rows as lists': (database) => changed(database, (row) => Object.values(row)),
    'names in upper case': (database) =>
      changed(database, (row) => entries(row, (name, value) => [name.toUpperCase(), value])),
    'trimmed texts': (database) =>
      changed(database, (row) =>
        entries(row, (name, value) => [name, typeof value === 'string' ? value.trim() : value]),
      ),
    promises: (database) =>
      changed(
        database,
        (row) => row,
        (given) => Promise.resolve(given),
      ),
    'names with their tables': (database) => {
      database.exec('pragma short_column_names = 0; pragma full_column_names = 1')
      return database
    },
  }
  for (const [name, open] of Object.entries(drivers)) {
    test(name, async () => {
      const database = new Libsql(':memory:')
      await migrate(database)
      const odd = open(database)
      const told = {
        code: 'store_failed',
        message: expect.stringContaining('does not give a row at once') as string,
      }
      await expect(migrate(odd)).rejects.toMatchObject(told)
      const store = sqliteStore(odd)
      const ref = { tenantId: 'acme', id: 's' }
      await expect(store.commit(ref, { revision: 0 })).rejects.toMatchObject(told)
      await expect(store.read(ref)).rejects.toMatchObject(told)
    })
  }
})

test.each([
  [undefined, 'is its environment variable set?'],
  [null, 'database must be the path of a file'],
  [{}, 'database must be the path of a file'],
])('%o is no database, for each that wants one', async (nothing, hint) => {
  for (const use of [sqliteStore, sqliteSearch, migrate, checkSchema] as ((database: never) => unknown)[]) {
    const call = async () => use(nothing as never)
    await expect(call(), use.name).rejects.toMatchObject({
      code: 'invalid',
      path: 'database',
      message: expect.stringContaining(hint) as string,
    })
  }
})
