import { SessionError } from '@sessions/core/store'
import { Connection } from './connection.js'
import { toSessionError } from './errors.js'
import { patiently } from './patiently.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { WriteAheadLog } from './write-ahead-log.js'

/** What survives of commits when the machine loses its power: `full` all, `normal` all but the last moment's. */
export type Synchronous = 'full' | 'normal'

/** A file that is open. */
export interface OpenFile {
  readonly database: SqliteDatabase
  /** None of a database in memory, nor where a file system cannot keep one. */
  readonly log?: WriteAheadLog
}

/**
 * Opens a file by `libsql`, and makes it if there is none.
 *
 * @param until By when it must be open, by `performance.now()`.
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
    // The log flushes by itself what is to be durable.
    // Room for a commit of several MB, which would otherwise go to the log in pieces, some of them twice.
    database.exec('pragma synchronous = normal; pragma wal_autocheckpoint = 0; pragma cache_size = -16000')
    const background = new Background(path, {})
    await background.exec('pragma busy_timeout = 100')
    const log = new WriteAheadLog({
      path: String(main?.['file']),
      isDurable: synchronous === 'full',
      background,
    })
    return { database, log }
  } catch (error) {
    database?.close()
    throw toSessionError(error)
  }
}

function checkPath(path: string): void {
  // What libsql would take for the address of a server.
  if (path !== '' && !/^[a-z]+:\/\//i.test(path)) return
  throw new SessionError('invalid', 'database must be the path of a file, or a database of a driver', {
    path: 'database',
  })
}

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
