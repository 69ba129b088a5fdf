import { isSessionError, SessionError } from '@sessions/core/store'
import { latestVersion } from '../schema/migrations.js'

/** The result codes of SQLite that the store knows, as SQLite numbers them. */
const codes = {
  error: 1,
  busy: 5,
  locked: 6,
  readonly: 8,
  ioerr: 10,
  corrupt: 11,
  full: 13,
  cantopen: 14,
  constraint: 19,
  notadb: 26,
  // A kind of ioerr: the shared memory beside the file has no room.
  shmsize: 4874,
} as const

const names: Readonly<Record<string, number>> = {
  SQLITE_BUSY: codes.busy,
  SQLITE_LOCKED: codes.locked,
  SQLITE_READONLY: codes.readonly,
  SQLITE_IOERR: codes.ioerr,
  SQLITE_CORRUPT: codes.corrupt,
  SQLITE_FULL: codes.full,
  SQLITE_CANTOPEN: codes.cantopen,
  SQLITE_CONSTRAINT: codes.constraint,
  SQLITE_NOTADB: codes.notadb,
}

/** Somebody else holds the database: another process, or a transaction of the application on this connection. */
export function isBusy(error: unknown): boolean {
  const code = primaryOf(error)
  return code === codes.busy || code === codes.locked || messageOf(error).includes('within a transaction')
}

/** The database has a row already that may be there only once. */
export function isDuplicate(error: unknown): boolean {
  return primaryOf(error) === codes.constraint
}

export function isFull(error: unknown): boolean {
  if (isSessionError(error)) return error.code === 'store_full'
  return primaryOf(error) === codes.full || codeOf(error) === codes.shmsize
}

/**
 * The meaning of an error of the driver.
 *
 * @param about.unknown whether the change may have happened all the same.
 */
export function toSessionError(error: unknown, { unknown = false } = {}): SessionError {
  if (isSessionError(error)) return error
  const details = { cause: error }
  if (isFull(error)) {
    const problem = 'the disk, or the database, is full: a write needs some MB, and so may one that deletes'
    return new SessionError('store_full', problem, details)
  }
  switch (primaryOf(error)) {
    case codes.busy:
    case codes.locked:
      return new SessionError('unavailable', 'the database is busy', details)
    case codes.readonly:
      return new SessionError('unavailable', 'the database is read-only', details)
    case codes.cantopen: {
      const problem =
        'the file cannot be opened: does its directory exist, and may this process write to both?'
      return new SessionError('unavailable', problem, details)
    }
    case codes.corrupt:
      return new SessionError('corrupt', 'the database file is damaged', details)
    case codes.notadb:
      return new SessionError('corrupt', 'the file is no SQLite database', details)
    case codes.ioerr:
      return unknown
        ? new SessionError('unknown_outcome', 'the file could not be written to the end', details)
        : new SessionError('unavailable', 'the file cannot be read or written', details)
  }
  const message = messageOf(error)
  if (isClosed(error)) return new SessionError('unavailable', 'the database is closed', details)
  if (/already exists/.test(message)) {
    const problem = `${message}, and is not of this package: give another tablePrefix`
    return new SessionError('store_failed', problem, details)
  }
  if (/no such (?:table|column)/.test(message)) {
    const problem =
      `the tables are missing or too old: apply migrations up to version ${latestVersion}, with migrate(), ` +
      'under the same tablePrefix'
    return new SessionError('store_failed', problem, details)
  }
  return new SessionError('store_failed', 'the database refuses the statement', details)
}

/** Each driver has its own words for a connection that was closed. */
function isClosed(error: unknown): boolean {
  return /not open|closed database|database has closed/i.test(messageOf(error))
}

function primaryOf(error: unknown): number | undefined {
  const code = codeOf(error)
  return code === undefined ? undefined : code & 0xff
}

/** The extended result code: a number by one name or another, or only its name. */
function codeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { errcode, rawCode, errno, code } = error as Readonly<Record<string, unknown>>
  const number = [errcode, rawCode, errno].find((value) => typeof value === 'number' && value > 0)
  if (number !== undefined) return number as number
  const name = /^SQLITE_[A-Z]+/.exec(String(code))?.[0]
  if (name !== undefined) return names[name]
  // For a file that libsql cannot open, the code is in the text of the error.
  const said = /^ConnectionFailed\(.*: (\d+)"\)$/s.exec(messageOf(error))?.[1]
  return said === undefined ? undefined : Number(said)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}
