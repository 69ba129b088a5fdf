import { finderOf, type FoundProgram } from './find-program.js'

const pgBouncer = { package: 'pgbouncer', path: 'usr/sbin/pgbouncer' }
const wanted = {
  names: ['pgbouncer'],
  version: /PgBouncer (\d+\.\d+\.\d+)/,
  variable: 'SESSIONS_PGBOUNCER',
  advice: 'install one with `apt-get install pgbouncer` or `brew install pgbouncer`',
}

/**
 * Finds a PgBouncer: on PATH, otherwise fetched once through Debian's apt and unpacked without installing it. With
 * `SESSIONS_PGBOUNCER=fetched` it does not look on PATH. Throws one sentence that says what to install when there is
 * none.
 */
export const findPgBouncer: () => Promise<FoundProgram> = finderOf({
  ...wanted,
  oldest: [1, 18],
  archived: [pgBouncer],
})

/** As {@link findPgBouncer}, a version with `max_prepared_statements`: on older systems, that of Debian 13. */
export const findPreparingPgBouncer: () => Promise<FoundProgram> = finderOf({
  ...wanted,
  oldest: [1, 21],
  archived: [pgBouncer, { ...pgBouncer, suites: ['trixie'], isLater: true }],
})
