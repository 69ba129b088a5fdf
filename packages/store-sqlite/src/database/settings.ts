import { SessionError, type StoreFinding } from '@sessions/core/store'
import type { Connection } from './connection.js'
import { toSessionError } from './errors.js'

const sample = ' {"a":1} \u00c9\u{1f642}'

/**
 * Finds a driver that answers otherwise than the store reads, before anything is stored by it.
 *
 * @throws `store_failed`
 */
export function checkAnswers(connection: Connection): void {
  let row: Readonly<Record<string, unknown>> | undefined
  try {
    row = connection.first(`select sample, 1 as one from (select '${sample}' as sample)`)
  } catch (error) {
    throw toSessionError(error)
  }
  if (row?.['sample'] === sample && Number(row['one']) === 1) return
  const problem =
    'this database does not give a row at once, as an object by the names of its columns: open it without options that ' +
    'change rows (such as `returnArrays`), and by a driver without promises'
  throw new SessionError('store_failed', problem)
}

/** Ways in which the application has opened a database that cost its sessions something. */
export function settingProblems(connection: Connection): StoreFinding[] {
  const valueOf = (pragma: string) => Object.values(connection.all(`pragma ${pragma}`)[0] ?? {})[0]
  const findings: StoreFinding[] = []
  const warn = (code: string, message: string): void => {
    findings.push({ level: 'warning', code, message })
  }
  if (valueOf('journal_mode') === 'delete') {
    warn(
      'waiting',
      'Readers and writers of the database wait for each other: set `pragma journal_mode = wal`.',
    )
  }
  if (Number(valueOf('busy_timeout')) > 0) {
    const problem =
      'A statement that waits for another process holds up the event loop: set `pragma busy_timeout = 0`. The store waits by itself.'
    warn('waiting', problem)
  }
  if (Number(valueOf('synchronous')) === 0) {
    const problem = 'A power failure may damage the database: set `pragma synchronous = normal`, or `full`.'
    warn('durability', problem)
  }
  return findings
}

/** Warns, once, of a database that the application has opened in a way that costs its sessions something. */
export function warnIfUnfit(connection: Connection): void {
  try {
    for (const { message } of settingProblems(connection)) {
      process.emitWarning(message, { type: 'SessionsWarning', code: 'SESSIONS_SQLITE_SETTINGS' })
    }
  } catch {
    // The first call of the store gives the error.
  }
}
