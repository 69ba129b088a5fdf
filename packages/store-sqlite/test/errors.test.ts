import { SessionError } from '@sessions/core/store'
import { describe, expect, test } from 'vitest'
import { isBusy, isDuplicate, isFull, toSessionError } from '../src/database/errors.js'
import { openRaw, useFiles } from './files.js'

const newPath = useFiles()

/** What is made of an error: its code, and whether it is one of those that are looked for. */
function said(error: unknown): string {
  const looked = [isBusy(error) && 'busy', isDuplicate(error) && 'twice', isFull(error) && 'full']
  return [toSessionError(error).code, ...looked.filter((each) => each !== false)].join(' ')
}

const meant = [
  [5, 'SQLITE_BUSY', 'unavailable busy', /^the database is busy$/],
  [6, 'SQLITE_LOCKED', 'unavailable busy', /^the database is busy$/],
  [8, 'SQLITE_READONLY', 'unavailable', /^the database is read-only$/],
  [10, 'SQLITE_IOERR', 'unavailable', /^the file cannot be read or written$/],
  [11, 'SQLITE_CORRUPT', 'corrupt', /^the database file is damaged$/],
  [13, 'SQLITE_FULL', 'store_full full', /^the disk, or the database, is full/],
  [14, 'SQLITE_CANTOPEN', 'unavailable', /^the file cannot be opened: does its directory exist/],
  [19, 'SQLITE_CONSTRAINT', 'store_failed twice', /^the database refuses the statement$/],
  [26, 'SQLITE_NOTADB', 'corrupt', /^the file is no SQLite database$/],
  [1, 'SQLITE_ERROR', 'store_failed', /^the database refuses the statement$/],
] as const

describe('an error of SQLite is the same', () => {
  test.each(meant)(
    '%i: as a number, as an extended one, and by its name',
    (code, name, expected, message) => {
      for (const coded of [
        { errcode: code },
        { rawCode: code },
        { errno: code },
        { errcode: code + 3 * 256 },
        { code: name },
        { code: `${name}_OF_SOME_KIND` },
        // Numbers go before names, and what is no code of SQLite before neither.
        { errcode: code, code: 'SQLITE_PERM' },
        { errno: -2, code: name },
        { errcode: 0, rawCode: code },
        { errcode: String(code), rawCode: code },
      ]) {
        const error = Object.assign(new Error('boom'), coded)
        expect(said(error), JSON.stringify(coded)).toBe(expected)
        const told = toSessionError(error)
        expect([told.message, told.cause]).toEqual([expect.stringMatching(message), error])
        const ofWrite = code === 10 ? 'unknown_outcome' : told.code
        expect(toSessionError(error, { unknown: true }).code).toBe(ofWrite)
      }
    },
  )

  test('by its words, where its driver has no code for it', () => {
    const words: [string, string, RegExp][] = [
      ['cannot start a transaction within a transaction', 'store_failed busy', /refuses the statement/],
      ['ConnectionFailed("Unable to open: 14")', 'unavailable', /^the file cannot be opened/],
      ['ConnectionFailed("Unable to open: x")', 'store_failed', /refuses the statement/],
      ['The database connection is not open', 'unavailable', /^the database is closed$/],
      ['Cannot use a closed database', 'unavailable', /^the database is closed$/],
      ['Database has closed', 'unavailable', /^the database is closed$/],
      [
        'table llm_sessions already exists',
        'store_failed',
        /^table .* not of this package: give another tablePrefix$/,
      ],
      [
        'no such table: llm_sessions',
        'store_failed',
        /^the tables are missing or too old.* the same tablePrefix$/,
      ],
      ['no such column: title', 'store_failed', /^the tables are missing or too old/],
      ['no such function: now', 'store_failed', /refuses the statement/],
    ]
    for (const [text, expected, message] of words) {
      expect(said(new Error(text)), text).toBe(expected)
      expect(toSessionError(new Error(text)).message).toMatch(message)
    }
    // The shared memory beside the file has no room.
    expect(said(Object.assign(new Error('disk I/O error'), { errcode: 4874 }))).toBe('store_full full')
    for (const odd of [undefined, null, 'text', 5, {}]) expect(said(odd)).toBe('store_failed')
    const ours = new SessionError('store_full', 'full')
    expect([toSessionError(ours), isFull(ours)]).toEqual([ours, true])
    expect(isFull(new SessionError('conflict', 'no'))).toBe(false)
  })
})

test('an error of the driver itself is what it says', () => {
  const database = openRaw(newPath())
  const failing = (sql: string): unknown => {
    try {
      database.prepare(sql).run()
    } catch (error) {
      return error
    }
    throw new Error(`nothing was wrong with ${sql}`)
  }
  expect(said(failing('select * from missing'))).toBe('store_failed')
  expect(toSessionError(failing('select * from missing')).message).toMatch(/^the tables are missing/)
  database.exec('create table once (a integer primary key); insert into once values (1)')
  expect(said(failing('insert into once values (1)'))).toBe('store_failed twice')
  expect(toSessionError(failing('create table once (a)')).message).toMatch(/not of this package/)
  database.exec('begin')
  expect(isBusy(failing('begin'))).toBe(true)
  database.exec('commit')
  database.close()
  expect(toSessionError(failing('select 1')).message).toBe('the database is closed')
})
