import { SessionError } from '@sessions/core/store'
import pg from 'pg'

/**
 * A `pg.Pool` whose waits all end: for a connection after 1 s, for a statement after 5 s, in an abandoned
 * transaction after 10 s. What `options` says goes first. The caller ends it.
 *
 * PgBouncer refuses the two timeouts of the server unless they are in its `ignore_startup_parameters`; pass
 * `{ statement_timeout: 0, idle_in_transaction_session_timeout: 0 }` otherwise.
 *
 * @throws `invalid` without a URL.
 */
export function createPostgresPool(url: string, options: pg.PoolConfig = {}): pg.Pool {
  // Without a URL `pg` would connect to this machine, which a variable that is not set should not lead to.
  if (typeof url !== 'string' || url === '') {
    throw new SessionError('invalid', 'url must be the URL of a database', { path: 'url' })
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 1000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: 5000,
    idle_in_transaction_session_timeout: 10_000,
    application_name: 'sessions',
    ...options,
  })
  // Without a listener the end of an idle connection would end the process.
  pool.on('error', () => {})
  return pool
}
