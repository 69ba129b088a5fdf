import { findRedis, findValkey } from '../../find/find-redis.js'
import { freePort } from '../../network/free-port.js'
import { ServerProcess } from '../../process/server-process.js'
import { toServer, type Server } from '../server.js'
import { createWorkDir, sweepWorkDirs } from '../../process/work-dir.js'

/** A Redis that this process started. */
export type RedisServer = Server

/** The options of {@link startRedis}. */
export interface StartRedisOptions {
  /**
   * More arguments of `redis-server`, such as `['--maxmemory', '10mb']`; they win over the testkit's own. Default
   * none. Every write survives `kill` and `restart`; with `['--appendonly', 'no']` none does.
   */
  args?: readonly string[]
  /** Which server: `any` (default) that `findRedis` finds, or `valkey`. */
  kind?: 'any' | 'valkey'
}

/** Starts a real Redis, empty. It ends with this process at the latest. */
export function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  return startRedisOn(freePort, options)
}

/** Starts a Redis on a port of the caller's choice. */
export async function startRedisOn(
  pickPort: () => Promise<number>,
  { args = [], kind = 'any' }: StartRedisOptions = {},
): Promise<RedisServer> {
  sweepWorkDirs()
  const { command, version } = await (kind === 'valkey' ? findValkey() : findRedis())
  const workDir = createWorkDir('redis')
  const server = await ServerProcess.start({
    name: `${kind === 'valkey' ? 'Valkey' : 'Redis'} ${version}`,
    workDir,
    command,
    args: (port) => [...defaultArgs(workDir, port, version), ...args],
    env: process.env,
    pickPort,
    isReady: (_pid, log) => log.includes('Ready to accept connections'),
  })
  return toServer(server, `redis://127.0.0.1:${server.port}`)
}

function defaultArgs(workDir: string, port: number, version: string): string[] {
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: workDir,
    // The server writes its log to the system's cache before it answers a write, so SIGKILL loses none.
    save: '',
    appendonly: 'yes',
    appendfsync: 'no',
    // A later run recognizes the process by the dir in its command line.
    'set-proc-title': 'no',
    'repl-diskless-sync-delay': 0,
    // Redis 7 would wait ten seconds for a replica that is being stopped as well.
    ...(Number.parseInt(version, 10) >= 7 && { 'shutdown-timeout': 0 }),
  }
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
}
