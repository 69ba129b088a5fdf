import { startPostgres, startRedis } from '@sessions/testkit'
import type { Backend } from './contender.js'

/** Servers that the benchmark starts, each when it is first needed. */
export class Servers {
  readonly #started = new Map<Backend, Promise<{ url: string; stop(): Promise<void> }>>()

  async urlOf(backend: Backend): Promise<string> {
    if (backend === 'memory') return ''
    const known = this.#started.get(backend)
    const server = known ?? (backend === 'redis' ? redis() : postgres())
    this.#started.set(backend, server)
    return (await server).url
  }

  async stop(): Promise<void> {
    for (const server of this.#started.values()) await (await server).stop()
  }
}

// With safe settings: Redis writes its log and flushes it every second, Postgres flushes each commit.
function redis() {
  return startRedis({ args: ['--appendfsync', 'everysec'] })
}

function postgres() {
  return startPostgres({ settings: { fsync: 'on', shared_buffers: '512MB', max_wal_size: '4GB' } })
}
