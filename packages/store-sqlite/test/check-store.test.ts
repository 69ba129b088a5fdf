import { checkStore, type SessionStore } from '@sessions/core/store'
import Libsql from 'libsql'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { migrate, type SqliteDatabase, sqliteStore } from '../src/index.js'
import { openRaw, useFiles } from './files.js'

const newPath = useFiles()

async function found(store: SessionStore): Promise<string[]> {
  const findings = await checkStore(store)
  return findings.map(({ level, code, message }) => `${level} ${code}: ${message}`)
}

test('nothing is wrong with a file that the store opens, nor with a database as the README has it', async () => {
  const path = newPath()
  const own = sqliteStore(path)
  onTestFinished(() => own.close())
  expect(await found(own)).toEqual([])
  const database = openRaw(path)
  database.exec('pragma synchronous = full; pragma busy_timeout = 0')
  onTestFinished(() => void database.close())
  expect(await found(sqliteStore(database))).toEqual([])
  expect(database.prepare('select count(*) as count from llm_sessions').get()).toMatchObject({ count: 0 })
})

test('tables that are missing, or of another version', async () => {
  const database = openRaw(newPath())
  onTestFinished(() => void database.close())
  const store = sqliteStore(database)
  expect(await found(store)).toEqual([
    expect.stringMatching(/^error migrations: the tables are at version 0 .*migrate\(\)/),
  ])
  await migrate(database)
  database.exec('insert into llm_session_migrations (version) values (99)')
  expect(await found(store)).toEqual([
    expect.stringMatching(/^error migrations: .* version 99, .* update it$/),
  ])
})

test('what loses sessions, or makes callers wait', async () => {
  expect(await found(sqliteStore(':memory:'))).toEqual([expect.stringMatching(/^warning persistence: /)])
  const database = new Libsql(newPath())
  onTestFinished(() => void database.close())
  database.exec('pragma synchronous = off; pragma busy_timeout = 3000; pragma journal_mode = delete')
  await migrate(database)
  expect(await found(sqliteStore(database))).toEqual([
    expect.stringMatching(/^warning waiting: .*journal_mode/),
    expect.stringMatching(/^warning waiting: .*busy_timeout/),
    expect.stringMatching(/^warning durability: .*synchronous/),
  ])
})

test('a database that takes no writes, or does not open', async () => {
  const path = newPath()
  const database = openRaw(path)
  await migrate(database)
  database.exec('pragma query_only = 1')
  expect(await found(sqliteStore(database))).toEqual(['error read_only: the database is read-only'])
  // As a file of another user: SQLite then begins transactions that read, and says nothing.
  const readable = new Libsql(`file:${path}?mode=ro`)
  onTestFinished(() => void readable.close())
  readable.exec('pragma busy_timeout = 0')
  expect(await found(sqliteStore(readable))).toEqual(['error read_only: the database is read-only'])
  database.close()
  expect(await found(sqliteStore(database))).toEqual([
    expect.stringMatching(/^error unavailable: the database is closed/),
  ])
  expect(await found(sqliteStore(join(newPath('nowhere'), 'sessions.db')))).toEqual([
    expect.stringMatching(/^error unavailable: .*does its directory exist/),
  ])
})

test('a version of SQLite that is too old, and a database of another encoding', async () => {
  const database = openRaw(newPath())
  onTestFinished(() => void database.close())
  await migrate(database)
  const ofVersion = (version: string): SqliteDatabase => ({
    exec: (sql) => database.exec(sql),
    prepare: (sql) =>
      database.prepare(sql.includes('sqlite_version') ? `select '${version}' as version` : sql) as never,
    close: () => {},
  })
  const said = async (version: string) =>
    (await found(sqliteStore(ofVersion(version)))).filter((finding) => !finding.includes('pragma'))
  for (const version of ['3.43.0', '3.50.4', '4.0.0']) expect(await said(version), version).toEqual([])
  for (const version of ['3.42.9', '2.99.0'])
    expect(await said(version)).toEqual([
      `error version: SQLite is ${version}: use a driver with 3.43 or later`,
    ])
  const wide = new Libsql(newPath())
  onTestFinished(() => void wide.close())
  wide.exec("pragma encoding = 'UTF-16'; create table notes (text text)")
  expect((await found(sqliteStore(wide)))[0]).toMatch(/^error encoding: /)
})

test('a database that somebody else writes to is none that takes no writes', async () => {
  const path = newPath()
  const [database, other] = [openRaw(path), openRaw(path)]
  onTestFinished(() => [database, other].forEach((each) => void each.close()))
  database.exec('pragma synchronous = full; pragma busy_timeout = 0')
  await migrate(database)
  other.exec('begin immediate')
  expect(await found(sqliteStore(database))).toEqual([])
  other.exec('rollback')
})
