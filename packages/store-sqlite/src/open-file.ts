import { SessionError } from '@sessions/core/store'
import { toSessionError } from './errors.js'
import { patiently } from './patiently.js'
import type { SqliteDatabase } from './sqlite-database.js'

/** What survives of commits when the machine loses its power: `full` all, `normal` all but the last moment's. */
export type Synchronous = 'full' | 'normal'

/**
 * Opens a file by `libsql`, and makes it if there is none: its waits are ours, its log stands beside it (WAL).
 *
 * @param until By when it must be open, by `performance.now()`.
 *
 * @throws `store_failed` where `libsql` is not installed or has no binary, `unavailable` or `corrupt` for a file that
 *   cannot be opened.
 */
export async function openFile(
  path: string,
  until: number,
  synchronous: Synchronous = 'full',
): Promise<SqliteDatabase> {
  checkPath(path)
  const { default: Libsql } = await loadLibsql()
  let database: SqliteDatabase | undefined
  try {
    const opened = (database = new Libsql(path))
    await patiently(until, () => opened.exec('pragma journal_mode = wal'))
    opened.exec(`pragma synchronous = ${synchronous}`)
    return opened
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
    return await import('libsql')
  } catch (error) {
    const problem =
      'libsql is not installed, or has no binary for this platform: pass a database of another driver'
    throw new SessionError('store_failed', problem, { cause: error })
  }
}
