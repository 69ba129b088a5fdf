import { checkStore, type SessionStore } from '@sessions/core/store'
import Libsql from 'libsql'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { migrate, sqliteStore } from '../src/index.js'
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
  const database = openRaw(newPath())
  await migrate(database)
  database.exec('pragma query_only = 1')
  expect(await found(sqliteStore(database))).toEqual(['error read_only: the database is read-only'])
  database.close()
  expect(await found(sqliteStore(database))).toEqual([
    expect.stringMatching(/^error unavailable: the database is closed/),
  ])
  expect(await found(sqliteStore(join(newPath('nowhere'), 'sessions.db')))).toEqual([
    expect.stringMatching(/^error unavailable: .*does its directory exist/),
  ])
})
