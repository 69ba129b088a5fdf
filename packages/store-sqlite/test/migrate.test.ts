import { expect, test } from 'vitest'
import { checkSchema, migrate, migrationSql, sqliteStore } from '../src/index.js'
import { openRaw, useFiles } from './files.js'

const newPath = useFiles()
const ref = { tenantId: 'acme', id: 'session' }

test('20 connections at once to an empty file: one makes the tables, all succeed', async () => {
  const path = newPath()
  const migrators = Array.from({ length: 20 }, () => openRaw(path))
  const results = await Promise.all(migrators.map((database) => migrate(database, { tablePrefix: 'x_' })))
  expect(results.filter(({ from }) => from === 0)).toHaveLength(1)
  expect(results.every(({ to }) => to === 4)).toBe(true)
  const versions = migrators[0]!.prepare('select version from x_session_migrations').all()
  expect(versions).toEqual([{ version: 1 }, { version: 2 }, { version: 3 }, { version: 4 }])
  for (const database of migrators) database.close()
})

test('a migration again changes nothing', async () => {
  const path = newPath()
  expect(await migrate(path)).toEqual({ from: 0, to: 4 })
  const store = sqliteStore(path)
  await store.commit(ref, { revision: 0, body: 'kept' })
  expect(await migrate(path)).toEqual({ from: 4, to: 4 })
  expect((await store.read(ref))?.body).toBe('kept')
  await store.close()
})

test('version 1 to 4 keeps every message', async () => {
  const raw = openRaw(newPath())
  raw.exec(migrationSql().split('alter table')[0]! + 'commit')
  expect(raw.prepare('select max(version) as version from llm_session_migrations').all()).toEqual([
    { version: 1 },
  ])
  raw.exec(`insert into llm_sessions (tenant_id, id, incarnation, revision, changes, last_seq, created_at, updated_at, active_at)
    values ('acme', 'other', 'i', 1, 1, 1, 5, 5, 5), ('acme', 'session', 'i', 1, 1, 3, 5, 5, 5)`)
  raw.exec("insert into llm_session_bodies values (1, ''), (2, 'body')")
  raw.exec(`insert into llm_session_messages (session_key, seq, at, id, payload)
    values (2, 1, 5, 'a', 'A'), (2, 2, 6, 'b', 'B'), (2, 3, 7, 'c', 'C'), (1, 1, 5, 'a', 'other')`)
  expect(await migrate(raw)).toEqual({ from: 1, to: 4 })
  const store = sqliteStore(raw)
  const { body, messages } = (await store.read(ref, { tail: 10 }))!
  expect({ body, messages }).toEqual({
    body: 'body',
    messages: [
      { seq: 1, at: 5, id: 'a', payload: 'A' },
      { seq: 2, at: 6, id: 'b', payload: 'B' },
      { seq: 3, at: 7, id: 'c', payload: 'C' },
    ],
  })
  expect((await store.commit(ref, { messages: [{ id: 'd', payload: 'D' }] })).record.lastSeq).toBe(4)
  expect((await store.messages({ ...ref, id: 'other' }, { limit: 10 })).messages).toHaveLength(1)
  raw.close()
})

test('a migration that fails leaves nothing behind', async () => {
  const raw = openRaw(newPath())
  raw.exec('create table llm_session_messages (taken text)')
  await expect(migrate(raw)).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringMatching(/session_messages.* already exists.*another tablePrefix/) as string,
  })
  const names = raw.prepare("select name from sqlite_master where type = 'table'").all()
  expect(names).toEqual([{ name: 'llm_session_messages' }])
  raw.close()
})

test('the SQL can be applied by other means', async () => {
  const raw = openRaw(newPath())
  raw.exec(migrationSql())
  raw.exec(migrationSql({ tablePrefix: 'x_' }))
  await checkSchema(raw)
  expect(await migrate(raw, { tablePrefix: 'x_' })).toEqual({ from: 4, to: 4 })
  expect((await sqliteStore(raw).commit(ref, { revision: 0 })).record.revision).toBe(1)
  raw.close()
})

test('checkSchema says which version is there and which is needed', async () => {
  const raw = openRaw(newPath())
  await expect(checkSchema(raw)).rejects.toMatchObject({
    code: 'store_failed',
    message: /at version 0 and this package needs version 4/,
  })
  raw.close()
})

test('a database that is not in UTF-8 is refused', async () => {
  const raw = openRaw(':memory:')
  raw.exec("pragma encoding = 'UTF-16le'")
  await expect(migrate(raw)).rejects.toMatchObject({ code: 'store_failed', message: /UTF-16le/ })
  raw.close()
})

test('prefixes that are no identifiers are refused', () => {
  for (const tablePrefix of ['a-b', '1a', 'a"b', 'a.b', 'a b', 'a;--', 'ä', 'x'.repeat(33)]) {
    expect(() => migrationSql({ tablePrefix }), tablePrefix).toThrow('tablePrefix must be')
    expect(() => sqliteStore('./never.db', { tablePrefix }), tablePrefix).toThrow('tablePrefix must be')
  }
})
