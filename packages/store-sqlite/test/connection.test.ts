import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { toCommit } from '../src/writing/commit.js'
import { Connection } from '../src/database/connection.js'
import { FileClock } from '../src/database/file-clock.js'
import { migrateConnection } from '../src/schema/migrate.js'
import { openFile } from '../src/database/open-file.js'
import { reserveBytes } from '../src/database/reserve.js'
import { toTableNames } from '../src/schema/schema.js'
import type { SqliteDatabase } from '../src/database/sqlite-database.js'
import { openRaw, useFiles } from './files.js'

const newPath = useFiles()
const names = toTableNames()
const later = () => performance.now() + 240_000
afterEach(() => void vi.restoreAllMocks())

test('a connection prepares a statement once, and counts the text that it is given to write', () => {
  const raw = openRaw(newPath())
  onTestFinished(() => void raw.close())
  const prepared: string[] = []
  const database = {
    exec: (sql: string) => raw.exec(sql),
    prepare: (sql: string) => (prepared.push(sql), raw.prepare(sql)),
    close: () => {},
  } as SqliteDatabase
  const connection = new Connection(database)
  connection.exec('create table notes (text text, number integer)')
  const insert = 'insert into notes values (?, ?)'
  connection.run(insert, 'four', 1)
  expect(connection.change(insert, '漢🙂', 12_345)).toBe(1)
  expect([connection.takeTextLength(), connection.takeTextLength()]).toEqual([7, 0])
  expect(connection.change('update notes set number = 3')).toBe(2)
  expect(connection.first('select text from notes where number = 9')).toBeUndefined()
  expect(connection.takeTextLength()).toBe(0)
  expect(prepared.filter((sql) => sql === insert)).toHaveLength(1)
  const work = () => {
    connection.run(insert, 'x', 0)
    throw new RangeError('odd')
  }
  expect(() => connection.transaction('begin immediate', work)).toThrow(RangeError)
  expect(connection.all('select * from notes')).toHaveLength(2)
})

test('a connection tells how many rows changed, whatever its driver answers', () => {
  const raw = openRaw(newPath())
  onTestFinished(() => void raw.close())
  raw.exec('create table notes (text text)')
  const answers: unknown[] = [
    undefined,
    null,
    5,
    'changes',
    {},
    { changes: undefined },
    { changes: 7 },
    { changes: 8n },
  ]
  const told = answers.map((answer) => {
    const prepare = (sql: string) => {
      const statement = raw.prepare(sql)
      return {
        all: (...values: unknown[]) => statement.all(...values),
        get: (...values: unknown[]) => statement.get(...values),
        run: (...values: unknown[]) => (statement.run(...values), answer),
      }
    }
    const connection = new Connection({ exec: () => {}, prepare, close: () => {} })
    return connection.change('insert into notes values (?), (?)', 'a', 'b')
  })
  expect(told).toEqual([2, 2, 2, 2, 2, 2, 7, 8])
})

test('a commit is a copy, which its caller alters no more', () => {
  const ref = { tenantId: 'acme', id: 'one' }
  const lifetime = { idleMs: 1 }
  const messages = [{ id: 'm1', payload: 'x', more: 1 }]
  const { change, ...named } = toCommit(ref, { lifetime, messages, title: 'a' })
  Object.assign(lifetime, { idleMs: 2 })
  Object.assign(messages[0]!, { payload: 'y' })
  Object.assign(ref, { id: 'two' })
  expect(named).toEqual({ ref: { tenantId: 'acme', id: 'one' }, tenant: 'acme', id: 'one' })
  expect(change).toEqual({ title: 'a', lifetime: { idleMs: 1 }, messages: [{ id: 'm1', payload: 'x' }] })
  const bare = toCommit(ref, {}).change
  expect([bare.messages, 'lifetime' in bare]).toEqual([[], false])
})

test('a file is opened for commits that flush by themselves, twice, and with a reserve when it is large', async () => {
  const setting = (database: SqliteDatabase, name: string) =>
    Object.values(database.prepare(`pragma ${name}`).get() as object)[0] as unknown
  const settings = (database: SqliteDatabase) =>
    ['journal_mode', 'synchronous', 'wal_autocheckpoint', 'cache_size'].map((name) => setting(database, name))
  const path = newPath()
  for (const synchronous of ['full', 'normal'] as const) {
    const { database, log, openAgain } = await openFile(path, later(), synchronous)
    expect(settings(database)).toEqual(['wal', 1, 0, -16_000])
    const again = openAgain!()
    expect(settings(again)).toEqual(['wal', 1, 0, -4000])
    again.close()
    database.exec('create table if not exists notes (text text)')
    const flushed = log!.committed(0)
    expect(flushed === undefined).toBe(synchronous === 'normal')
    await flushed
    database.close()
    await log!.close()
  }
  const isHeld = async () => {
    const { database, log, reserve } = await openFile(path, later(), 'full')
    await reserve!.settled()
    const held = reserve!.release()
    database.close()
    await log!.close()
    return held
  }
  expect(await isHeld()).toBe(false)
  // Pages that no table uses are pages of the file all the same.
  const whole = readFileSync(path)
  writeFileSync(path, Buffer.concat([whole, Buffer.alloc(reserveBytes - whole.length)]))
  expect(await isHeld()).toBe(true)
  const memory = await openFile(':memory:', later(), 'full')
  expect(Object.keys(memory)).toEqual(['database'])
  memory.database.close()
})

test('a path that begins as an address is refused in a sentence, and one that only holds one is a path', async () => {
  await expect(openFile('libsql://x', later(), 'full')).rejects.toMatchObject({
    code: 'invalid',
    path: 'database',
    message: 'database must be the path of a file, or a database of a driver',
  })
  // libsql ends the process over a character that no file system takes.
  for (const nul of ['\0', newPath('a\0b'), 'file:a\0b']) {
    await expect(openFile(nul, later(), 'full')).rejects.toMatchObject({
      code: 'invalid',
      path: 'database',
      message: 'database must be a path without a NUL character',
    })
  }
  const path = newPath('a-libsql:')
  await expect(openFile(`${path}//x`, later(), 'full')).rejects.toMatchObject({ code: 'unavailable' })
})

test('a clock moves ahead to the file and to the system, asks once a second, and never goes back', async () => {
  const raw = openRaw(newPath())
  onTestFinished(() => void raw.close())
  const asked: string[] = []
  const connection = new Connection({
    exec: (sql) => raw.exec(sql),
    prepare: (sql) => {
      const statement = raw.prepare(sql)
      return {
        ...statement,
        all: statement.all.bind(statement),
        run: statement.run.bind(statement),
        get: (...values) => (asked.push(sql.split(' ')[0]!), statement.get(...values)),
      }
    },
    close: () => {},
  })
  await migrateConnection(connection, names, later())
  const row = () => (raw.prepare(`select at from ${names.clock}`).get() as { at: number }).at
  // A whole number: fractions differ by a second but for a trillionth.
  const begun = Math.ceil(performance.now())
  let passed = 0
  vi.spyOn(performance, 'now').mockImplementation(() => begun + passed)
  const own = () => Math.floor(performance.timeOrigin + begun + passed)
  const clock = new FileClock(names)
  const now = (writes: boolean) => {
    asked.length = 0
    return [clock.now(connection, writes), asked.join(' ')]
  }
  const first = now(false)[0] as number
  expect(asked).toEqual(['select'])
  expect(first).toBeGreaterThanOrEqual(own())
  const ahead = first - own()
  passed = 999
  expect(now(false)).toEqual([own() + ahead, ''])
  expect(row()).toBeLessThan(first)
  // A write has not asked yet, and tells the file.
  expect(now(true)).toEqual([own() + ahead, 'update'])
  expect(row()).toBe(own() + ahead)
  passed = 1000
  expect(now(false)).toEqual([own() + ahead, ''])
  passed = 1999
  expect(now(false)).toEqual([own() + ahead, 'select'])
  // What looks now, tells nothing before a write is a second after the last one.
  expect(now(true)).toEqual([own() + ahead, 'update'])
  // Another process is ahead by ten seconds, and one is behind by as many.
  raw.exec(`update ${names.clock} set at = ${own() + ahead + 10_000}`)
  passed = 2998
  expect(now(true)[1]).toBe('')
  passed = 2999
  const moved = now(true)[0] as number
  expect(moved).toBe(own() + ahead + 9000)
  raw.exec(`update ${names.clock} set at = 5`)
  passed = 4999
  expect(now(false)).toEqual([moved + 2000, 'select'])
  expect(now(true)).toEqual([moved + 2000, 'update'])
  expect(row()).toBe(moved + 2000)
})
