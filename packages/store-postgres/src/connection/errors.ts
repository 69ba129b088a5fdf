import { isSessionError, SessionError, type SessionErrorCode } from '@sessions/core/store'
import { latestVersion } from '../schema/migrations.js'

/** The answer did not come in time. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut'

  constructor() {
    super('no answer from the database in time')
  }
}

export interface Verdict {
  error: SessionError
  /** The statement did nothing, or nothing of it lasts, and another try may well succeed. */
  retry: boolean
  /** Named statements do not work here. */
  unprepared?: boolean
}

interface ServerError {
  code: string
  severity: string
  message: string
  routine?: string
}

// These errors come before anything is sent.
const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  '53300',
  '57P03',
])
const notSent = /not queryable|timeout exceeded when trying to connect|after calling end on the pool/
// PgBouncer says this, under the code of a lost connection, to a transaction that never got a connection to the server.
const keptByPgBouncer =
  /^(?:query_wait_timeout|no more connections allowed|pgbouncer cannot connect to server|server login )/
const refusedByPgBouncer = /^unsupported startup parameter/
// Serialization failure, deadlock, lock not available: the statement was rolled back, and another try may succeed.
const transient = new Set(['40001', '40P01', '55P03'])
// The server has ended a transaction that waited or lasted too long, and rolled it back: this process may have been busy.
const ended = new Set(['25P03', '25P04'])
// The application gave the connection back inside a transaction that had failed.
const leftBehind = '25P02'
// The server is out of disk, of memory, or of a resource of that kind.
const full = new Set(['53000', '53100', '53200'])
const missing = new Set(['42P01', '42703', '3F000'])
// A table, or what belongs to one, has the name already.
const taken = new Set(['42P07', '42710'])
// The server does not know a prepared statement, or knows it already.
const unprepared = new Set(['26000', '42P05'])
// The server was shut down, crashed, or lost by a pooler: it may have committed before it said so.
const lost = /^(?:08|57P0)/
const noRight = '42501'
// The database, or this connection to it, has an encoding in which the text cannot be written.
const unwritable = new Set(['22P05', '22021'])
// Timeouts of a session, too many clients, errors of the system and of the server itself: the session ends, or had better.
const fatal = /^(?:25P0[34]|53300|58|XX)/
// The credentials or the name of the database are wrong, so no other try will do better.
const refused = /^(?:28|3D)/

/**
 * The meaning of an error of the driver.
 *
 * @param about.unknown whether the change may have happened if the answer got lost.
 */
export function judge(error: unknown, { unknown }: { unknown: boolean }): Verdict {
  if (isSessionError(error)) return { error, retry: false }
  const code = codeOf(error)
  if (unreachable.has(code) || (error instanceof Error && notSent.test(error.message))) {
    const retry = error instanceof Error && error.message.includes('not queryable')
    return verdict('unavailable', 'the database cannot be reached', error, retry)
  }
  if (code === '08P01' && keptByPgBouncer.test(messageOf(error))) {
    return verdict('unavailable', 'PgBouncer cannot reach the database', error)
  }
  if (code === '08P01' && refusedByPgBouncer.test(messageOf(error))) {
    const advice = 'set it to 0 in the pool, or name it in ignore_startup_parameters of PgBouncer'
    return verdict('store_failed', `${messageOf(error)}: ${advice}`, error)
  }
  if (!isServerError(error) || lost.test(code)) {
    if (unknown) return verdict('unknown_outcome', 'the database did not answer a write', error)
    return verdict('unavailable', 'the database did not answer', error, !(error instanceof TimedOut))
  }
  if (transient.has(code)) return verdict('unavailable', 'the database is too contended', error, true)
  if (ended.has(code)) return verdict('unavailable', 'the database ended the transaction', error, true)
  if (code === leftBehind)
    return verdict('unavailable', 'the connection has a failed transaction', error, true)
  if (code === '57014') return verdict('unavailable', 'the database cancelled the statement', error)
  if (code === '25006') return verdict('unavailable', 'the database is read-only', error)
  if (full.has(code) || error.message.includes('No space left')) {
    return verdict('store_full', 'the database is out of space', error)
  }
  if (unprepared.has(code)) {
    return { ...verdict('store_failed', 'prepared statements do not last', error, true), unprepared: true }
  }
  if (isStalePlan(error)) return verdict('store_failed', 'the tables were changed', error, true)
  if (taken.has(code)) {
    const problem = `${messageOf(error)}, and is not of this package: give another tablePrefix or schema`
    return verdict('store_failed', problem, error)
  }
  if (missing.has(code)) {
    const problem =
      `the tables are missing or too old: apply migrations up to version ${latestVersion}, with migrate(), ` +
      'under the same schema and tablePrefix'
    return verdict('store_failed', problem, error)
  }
  if (isHidden(error)) {
    const problem =
      'row-level security refuses a row: give the store the rls that migrate() got, or take the policies of others back'
    return verdict('store_failed', problem, error)
  }
  if (code === noRight) {
    const problem = `the role lacks a right that the store needs, all of which are in the README: ${messageOf(error)}`
    return verdict('store_failed', problem, error)
  }
  if (unwritable.has(code)) {
    const problem =
      'the database, or the connection to it, is not encoded in UTF8, and cannot hold every text'
    return verdict('store_failed', problem, error)
  }
  if (refused.test(code)) return verdict('store_failed', 'the database refuses the connection', error)
  return verdict('store_failed', 'the database refuses the statement', error)
}

/** Whether the connection that an error came from can no longer be used. */
export function isLost(error: unknown): boolean {
  if (isSessionError(error)) return false
  if (!isServerError(error)) return true
  const { code } = error
  if (lost.test(code) || fatal.test(code) || unprepared.has(code)) return true
  return code === '25006' || code === leftBehind || isStalePlan(error)
}

/** Whether the database has a row already that may be there only once. */
export function isDuplicate(error: unknown): boolean {
  const cause = isSessionError(error) ? error.cause : error
  return isServerError(cause) && cause.code === '23505'
}

// The server says it in the language of the role. The name of its function is the same in all of them.
function isStalePlan({ code, routine }: ServerError): boolean {
  return code === '0A000' && routine === 'RevalidateCachedQuery'
}

/** Whether a policy refuses a row; a role without a right has the same code. */
function isHidden({ code, routine }: ServerError): boolean {
  return code === noRight && routine === 'ExecWithCheckOptions'
}

/** Whether the server ended a transaction that stood in the way of others, as they stood in its own. */
export function isDeadlock(error: unknown): boolean {
  return codeOf(error) === '40P01'
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}

// Errors of the server have a severity, in the language of the server; errors of sockets have a code alone.
function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && codeOf(error) !== ''
}

function verdict(code: SessionErrorCode, message: string, cause: unknown, retry = false): Verdict {
  return { error: new SessionError(code, message, { cause }), retry }
}
