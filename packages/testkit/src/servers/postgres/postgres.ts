import { chownSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findPostgres } from '../../find/find-postgres.js'
import type { Endpoint } from '../../network/exchange.js'
import { freePort } from '../../network/free-port.js'
import { createPostgresData } from './postgres-data.js'
import { queryPostgres } from './postgres-query.js'
import { ServerProcess } from '../../process/server-process.js'
import { toServer, type Server } from '../server.js'
import { createWorkDir, removeWorkDir, sweepWorkDirs } from '../../process/work-dir.js'

/** A PostgreSQL that this process started. */
export interface PostgresServer extends Server {
  /** Makes an empty database and returns its URL. Default name: a unique one. */
  createDatabase(name?: string): Promise<string>
}

/** The options of {@link startPostgres}. */
export interface StartPostgresOptions {
  /** Settings of postgresql.conf, such as `{ log_statement: 'all' }`. Default: only those that a test needs. */
  settings?: Record<string, string | number>
}

// fsync is off (-F): the writes of a killed server are still in the system's cache, and only a crash of the whole
// machine would lose them. Shared memory is in files of the data dir, so that it is removed with them.
const defaultSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  dynamic_shared_memory_type: 'mmap',
  max_connections: 200,
  timezone: 'UTC',
}

/**
 * Starts a real, empty PostgreSQL that accepts every client without a password. It ends with this process at the
 * latest.
 */
export function startPostgres(options: StartPostgresOptions = {}): Promise<PostgresServer> {
  return startPostgresOn(options)
}

/** Starts a PostgreSQL; a replica, when it is told whom to follow. */
export async function startPostgresOn(
  options: StartPostgresOptions,
  primary?: Endpoint,
): Promise<PostgresServer> {
  sweepWorkDirs()
  const found = await findPostgres()
  const workDir = createWorkDir('postgres')
  const data = join(workDir, 'data')
  const env = serverEnv()
  try {
    await createPostgresData(found, workDir, env)
    if (primary !== undefined) {
      const signal = join(data, 'standby.signal')
      writeFileSync(signal, '')
      if (found.account) chownSync(signal, found.account.uid, found.account.gid)
    }
  } catch (error) {
    removeWorkDir(workDir)
    throw error
  }
  const following =
    primary === undefined
      ? {}
      : { primary_conninfo: `host=${primary.host} port=${primary.port} user=postgres`, hot_standby: 'on' }
  const settings = Object.entries({ ...defaultSettings, ...following, ...options.settings }).flatMap(
    ([name, value]) => ['-c', `${name}=${value}`],
  )
  const process = await ServerProcess.start({
    name: `PostgreSQL ${found.version}`,
    workDir,
    command: join(found.bin, 'postgres'),
    args: (port) => ['-D', data, '-F', '-p', String(port), ...settings],
    env,
    account: found.account,
    pickPort: freePort,
    isReady: (pid) => isReady(data, pid),
  })
  return toPostgresServer(process)
}

function toPostgresServer(process: ServerProcess): PostgresServer {
  const urlOf = (database: string): string => `postgres://postgres@127.0.0.1:${process.port}/${database}`
  const server = toServer(process, urlOf('postgres'))
  let databases = 0
  // Defined on the handle itself, because a spread would freeze its pid.
  return Object.assign(server, {
    async createDatabase(name?: string) {
      databases += 1
      const database = name ?? `test_${databases}`
      await queryPostgres(server, `CREATE DATABASE "${database.replaceAll('"', '""')}"`)
      return urlOf(encodeURIComponent(database))
    },
  })
}

// PGDATA, PGPORT and the like are meant for another PostgreSQL.
function serverEnv(): NodeJS.ProcessEnv {
  const env = { ...process.env }
  for (const name of Object.keys(env)) {
    if (/^(?:PG|LC_|LANG)/.test(name)) delete env[name]
  }
  return { ...env, LC_ALL: 'C' }
}

// The lines that pg_ctl reads: the first line of postmaster.pid is the process, the eighth its state.
function isReady(data: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
  } catch {
    return false
  }
}
