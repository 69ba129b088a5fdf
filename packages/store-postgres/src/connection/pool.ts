import { SessionError } from '@sessions/core/store'
import pg from 'pg'

/**
 * A `pg.Pool` whose waits all end: for a connection after 1 s, for a statement after 5 s, in an abandoned
 * transaction after 10 s. What `options` says goes first. The caller ends it.
 *
 * PgBouncer refuses the two timeouts of the server unless they are in its `ignore_startup_parameters`; pass
 * `{ statement_timeout: 0, idle_in_transaction_session_timeout: 0 }` otherwise.
 *
 * @throws `invalid` when neither the URL nor `options` names a server, and for the URL of something else.
 */
export function createPostgresPool(url: string, options: pg.PoolConfig = {}): pg.Pool {
  if (typeof options !== 'object' || options === null)
    throw new SessionError('invalid', 'options must be an object', { path: 'options' })
  const isNamed = (typeof url === 'string' && url !== '') || options.host !== undefined
  if (!isNamed && options.connectionString === undefined) {
    const what = url === '' ? 'empty' : String(url)
    throw new SessionError(
      'invalid',
      `url is ${what}: is its environment variable set? Without a URL, pg would connect to this machine.`,
      { path: 'url' },
    )
  }
  if (options.connectionString === undefined) checkAddress(url, 'url')
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

/** pg would take it for one of PostgreSQL. No word of a URL is told, as it may have a password. @throws `invalid` */
export function checkAddress(url: unknown, path: string): void {
  const scheme = typeof url === 'string' ? /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1] : undefined
  if (scheme === undefined || /^(?:postgres(?:ql)?|socket)$/i.test(scheme)) return
  throw new SessionError(
    'invalid',
    `${path} must be an address of PostgreSQL, such as postgres://localhost/app`,
    {
      path,
    },
  )
}
