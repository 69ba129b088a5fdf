import { isSessionError, SessionError, type StoreFinding } from '@sessions/core/store'
import type { Connection } from './connection.js'
import type { Open } from './database.js'
import { isBusy, toSessionError } from './errors.js'
import { checkEncoding, checkVersion, versionOn } from '../schema/migrate.js'
import type { TableNames } from '../schema/schema.js'
import { settingProblems } from './settings.js'

const oldest = [3, 43] as const

/** What is wrong with a database of sessions. Rejects with an error of the driver. */
export function checkFile({ connection, isLent = false }: Open, names: TableNames): StoreFinding[] {
  try {
    return [
      ...refusals('version', () => checkSqlite(connection)),
      ...refusals('encoding', () => checkEncoding(connection)),
      ...refusals('migrations', () => checkVersion(versionOn(connection, names))),
      ...refusals('read_only', () => checkWritable(connection, names)),
      ...(isInMemory(connection) ? [inMemory] : []),
      ...(isLent ? settingProblems(connection) : []),
    ]
  } catch (error) {
    throw toSessionError(error)
  }
}

const inMemory: StoreFinding = {
  level: 'warning',
  code: 'persistence',
  message:
    'The database is in the memory of this process: its sessions end with it. Give the path of a file.',
}

/** What `check` throws of its own, as a finding. */
function refusals(code: string, check: () => void): StoreFinding[] {
  try {
    check()
    return []
  } catch (error) {
    if (!isSessionError(error)) throw error
    return [{ level: 'error', code, message: error.message }]
  }
}

function checkSqlite(connection: Connection): void {
  const version = String(connection.first('select sqlite_version() as version')?.['version'])
  const [major, minor] = version.split('.').map(Number) as [number, number]
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return
  throw new SessionError('store_failed', `SQLite is ${version}: use a driver with 3.43 or later`)
}

/** A transaction that writes nothing, to find out whether it could. */
function checkWritable(connection: Connection, names: TableNames): void {
  try {
    // In a file that may only be read, this begins a transaction that reads.
    connection.exec('begin immediate')
    try {
      if (versionOn(connection, names) > 0) connection.exec(`delete from ${names.migrations} where false`)
    } finally {
      connection.rollback()
    }
  } catch (error) {
    if (!isBusy(error)) throw toSessionError(error)
  }
}

function isInMemory(connection: Connection): boolean {
  return connection.all('pragma database_list').some(({ name, file }) => name === 'main' && !file)
}
