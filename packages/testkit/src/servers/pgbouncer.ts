import { chmodSync, chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unprivilegedAccount } from '../process/account.js'
import type { Endpoint } from '../network/exchange.js'
import { findPgBouncer, findPreparingPgBouncer } from '../find/find-pgbouncer.js'
import { freePort } from '../network/free-port.js'
import { ServerProcess } from '../process/server-process.js'
import { toServer, type Server } from './server.js'
import { createWorkDir, removeWorkDir, sweepWorkDirs } from '../process/work-dir.js'

/** A PgBouncer that this process started. */
export interface PgBouncer extends Server {
  readonly version: string
  /** The same URL through PgBouncer, for any database and any role of its PostgreSQL. */
  through(url: string): string
}

/** The options of {@link startPgBouncer}. */
export interface StartPgBouncerOptions {
  /**
   * How many statements it keeps prepared on each server connection. Default 0: named statements do not last. Another
   * number needs PgBouncer 1.21, and finds or fetches one.
   */
  maxPreparedStatements?: number
  /** More settings of its `[pgbouncer]` section; they win over the testkit's own. Default none. */
  settings?: Record<string, string | number>
}

/**
 * Starts a real PgBouncer in front of a PostgreSQL, in transaction mode: a client has a server connection for one
 * transaction at a time. There are three for each database and role, unless `settings` says otherwise.
 */
export async function startPgBouncer(
  target: Endpoint,
  { maxPreparedStatements = 0, settings = {} }: StartPgBouncerOptions = {},
): Promise<PgBouncer> {
  sweepWorkDirs()
  const { command, version } = await (maxPreparedStatements > 0 ? findPreparingPgBouncer() : findPgBouncer())
  const workDir = createWorkDir('pgbouncer')
  const file = join(workDir, 'pgbouncer.ini')
  const users = join(workDir, 'users.txt')
  // It refuses to run as root, as PostgreSQL does.
  const account = unprivilegedAccount()
  const write = (name: string, text: string): void => {
    writeFileSync(name, text)
    chmodSync(name, 0o644)
  }
  const all = {
    listen_addr: '127.0.0.1',
    unix_socket_dir: '',
    auth_type: 'trust',
    auth_file: users,
    // PgBouncer looks up roles that a test makes later.
    auth_user: 'postgres',
    pool_mode: 'transaction',
    default_pool_size: 3,
    max_client_conn: 500,
    ...(knowsPrepared(version) && { max_prepared_statements: maxPreparedStatements }),
    ...settings,
  }
  try {
    if (account) chownSync(workDir, account.uid, account.gid)
    write(users, '"postgres" ""\n')
  } catch (error) {
    removeWorkDir(workDir)
    throw error
  }
  const process = await ServerProcess.start({
    name: `PgBouncer ${version}`,
    workDir,
    command,
    args(port) {
      write(file, toIni(target, { ...all, listen_port: port }))
      return [file]
    },
    env: globalThis.process.env,
    account,
    pickPort: freePort,
    isReady: (_pid, log) => log.includes('process up'),
  })
  const server = toServer(process, `postgres://postgres@127.0.0.1:${process.port}/postgres`)
  // Defined on the handle itself, because a spread would freeze its pid.
  return Object.assign(server, {
    version,
    through(url: string) {
      const rewritten = new URL(url)
      rewritten.hostname = server.host
      rewritten.port = String(server.port)
      return rewritten.href
    },
  })
}

function toIni({ host, port }: Endpoint, settings: Record<string, string | number>): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  return ['[databases]', `* = host=${host} port=${port}`, '[pgbouncer]', ...lines, ''].join('\n')
}

function knowsPrepared(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 1 || minor >= 21
}
