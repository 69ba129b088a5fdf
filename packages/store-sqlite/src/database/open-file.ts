import { SessionError, setDeadline } from '@sessions/core/store'
import { stat } from 'node:fs/promises'
import { isAbsolute, parse, resolve, sep } from 'node:path'
import { Connection } from './connection.js'
import { toSessionError } from './errors.js'
import { patiently } from './patiently.js'
import { Reserve, reserveBytes } from './reserve.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { fileAt, WriteAheadLog } from './write-ahead-log.js'

/**
 * Which commits survive when the machine loses its power: `full` all of them, `normal` all but those of the last
 * moment.
 */
export type Synchronous = 'full' | 'normal'

/** A file that is open. */
export interface OpenFile {
  readonly database: SqliteDatabase
  /** A database in memory has no log, nor has a file on a file system that cannot keep one. */
  readonly log?: WriteAheadLog
  readonly reserve?: Reserve
  /** Opens a file that has a log a second time. */
  readonly openAgain?: () => SqliteDatabase
}

// SQLite itself need not flush: the log flushes when a commit has to be durable.
const settings = 'pragma synchronous = normal; pragma wal_autocheckpoint = 0'
// What a long transaction has written goes to the log when it commits, or when the cache is full: a large cache makes
// the commit long, and a small one makes all of it long.
const cache = { first: 'pragma cache_size = -16000', again: 'pragma cache_size = -4000' }

/**
 * Opens a file by `libsql`, and makes it if there is none.
 *
 * @param until When the file must be open at the latest, by `performance.now()`.
 *
 * @throws `store_failed` where `libsql` is not installed or has no binary, `unavailable` or `corrupt` for a file that
 *   cannot be opened.
 */
export async function openFile(path: string, until: number, synchronous: Synchronous): Promise<OpenFile> {
  checkPath(path)
  const { Database, Background } = await loadLibsql()
  let database: SqliteDatabase | undefined
  try {
    const opened = new Connection((database = new Database(path)))
    const [mode] = await patiently(until, () => opened.all('pragma journal_mode = wal'))
    const [main] = opened.all('pragma database_list')
    if (mode?.['journal_mode'] !== 'wal') return { database }
    database.exec(`${settings}; ${cache.first}`)
    const background = new Background(path, {})
    // A connection opens the log with its first read. One that is removed or replaced later is none of ours.
    await background.exec('pragma busy_timeout = 100; select count(*) from sqlite_schema')
    const file = String(main?.['file'])
    const reserve = new Reserve(file)
    const log = new WriteAheadLog({
      path: file,
      file: fileAt(file),
      isDurable: synchronous === 'full',
      background,
      reserve,
    })
    // A process that found the disk full may have ended since: where there is room again, the file grows from the start.
    if (reserve.isUsed()) await atLatest(until, reserve.hold())
    else if ((await stat(file)).size >= reserveBytes) void reserve.hold()
    const openAgain = () => {
      const again = new Database(path)
      again.exec(`${settings}; ${cache.again}`)
      return again
    }
    return { database, log, reserve, openAgain }
  } catch (error) {
    database?.close()
    throw toSessionError(error)
  }
}

/**
 * The path, whatever becomes of the working directory: the file is opened again later. What is no path stays as it is.
 */
export function toLasting(path: string): string {
  if (path === '' || isAbsolute(path) || /^(?::memory:$|file:|[a-z]+:\/\/)/i.test(path)) return path
  // `resolve` would leave out a link before a `..`, which leads to another place.
  return parse(path).root === '' ? `${process.cwd()}${sep}${path}` : resolve(path)
}

function checkPath(path: string): void {
  // libsql would take such a path for the address of a server.
  if (path === '' || /^[a-z]+:\/\//i.test(path)) {
    throw noPath('database must be the path of a file, or a database of a driver')
  }
  // libsql would end the process.
  if (path.includes('\0')) throw noPath('database must be a path without a NUL character')
}

const noPath = (problem: string): SessionError => new SessionError('invalid', problem, { path: 'database' })

async function loadLibsql() {
  try {
    const [direct, background] = await Promise.all([import('libsql'), import('libsql/promise')])
    return { Database: direct.default, Background: background.default }
  } catch (error) {
    const problem =
      'libsql is not installed, or has no binary for this platform: pass a database of another driver'
    throw new SessionError('store_failed', problem, { cause: error })
  }
}

/** Waits for it until then, and does not ask what comes of it. */
function atLatest(until: number, work: Promise<unknown>): Promise<void> {
  return new Promise((done) => {
    const stop = setDeadline(until - performance.now(), () => done())
    work
      .catch(() => {})
      .finally(() => {
        stop()
        done()
      })
  })
}
