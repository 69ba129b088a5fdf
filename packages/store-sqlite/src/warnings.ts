import type { Connection } from './connection.js'

/** Warns, once, of a database that the application has opened in a way that costs its sessions something. */
export function warnIfUnfit(connection: Connection): void {
  for (const problem of problemsOf(connection)) {
    process.emitWarning(problem, { type: 'SessionsWarning', code: 'SESSIONS_SQLITE_SETTINGS' })
  }
}

function problemsOf(connection: Connection): string[] {
  const valueOf = (pragma: string) => Object.values(connection.all(`pragma ${pragma}`)[0] ?? {})[0]
  const problems: string[] = []
  try {
    if (valueOf('journal_mode') === 'delete') {
      problems.push(
        'Readers and writers of the database wait for each other: set `pragma journal_mode = wal`.',
      )
    }
    if (Number(valueOf('busy_timeout')) > 0) {
      problems.push(
        'A statement that waits for another process holds up the event loop: set `pragma busy_timeout = 0`. The store waits by itself.',
      )
    }
    if (Number(valueOf('synchronous')) === 0) {
      problems.push('A power failure may damage the database: set `pragma synchronous = normal`, or `full`.')
    }
  } catch {
    // The first call of the store gives the error.
  }
  return problems
}
