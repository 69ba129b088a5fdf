import { finderOf, type FoundProgram } from './find-program.js'

const pgBouncer = { package: 'pgbouncer', path: 'usr/sbin/pgbouncer' }
const wanted = {
  names: ['pgbouncer'],
  version: /PgBouncer (\d+\.\d+\.\d+)/,
  variable: 'SESSIONS_PGBOUNCER',
  advice: 'install one with `apt-get install pgbouncer` or `brew install pgbouncer`',
}

/**
 * Finds a PgBouncer: on PATH, else fetched once through Debian's apt and unpacked without installing it.
 * `SESSIONS_PGBOUNCER=fetched` passes over PATH. Throws one sentence that says what to install when neither is to
 * be had.
 */
export const findPgBouncer: () => Promise<FoundProgram> = finderOf({
  ...wanted,
  oldest: [1, 18],
  archived: [pgBouncer],
})

/** As {@link findPgBouncer}, one that knows `max_prepared_statements`: where the system is older, that of Debian 13. */
export const findPreparingPgBouncer: () => Promise<FoundProgram> = finderOf({
  ...wanted,
  oldest: [1, 21],
  archived: [pgBouncer, { ...pgBouncer, suites: ['trixie'], isLater: true }],
})
