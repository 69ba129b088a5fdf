import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres, startRedis } from '@sessions/testkit'
import type { Backend } from './contender.js'

interface Started {
  readonly url: string
  /** The process; undefined where there is none. */
  readonly pid?: number
  stop(): Promise<void>
}

/** Servers that the benchmark starts, each when it is first needed. The one of SQLite is a folder. */
export class Servers {
  readonly #started = new Map<Backend, Promise<Started>>()

  async urlOf(backend: Backend): Promise<string> {
    if (backend === 'memory') return ''
    const known = this.#started.get(backend)
    const server = known ?? starters[backend]()
    this.#started.set(backend, server)
    return (await server).url
  }

  /** The process of a server that was started. */
  async pidOf(backend: 'redis' | 'postgres'): Promise<number> {
    return (await this.#started.get(backend))!.pid!
  }

  async stop(): Promise<void> {
    for (const server of this.#started.values()) await (await server).stop()
  }
}

// With safe settings: Redis writes its log and flushes it every second, Postgres flushes each commit.
const starters: Readonly<Record<Exclude<Backend, 'memory'>, () => Promise<Started>>> = {
  'sqlite normal': folder,
  'sqlite full': folder,
  redis: () => startRedis({ args: ['--appendfsync', 'everysec'] }),
  postgres: () => startPostgres({ settings: { fsync: 'on', shared_buffers: '512MB', max_wal_size: '4GB' } }),
}

async function folder(): Promise<Started> {
  const url = mkdtempSync(join(tmpdir(), 'sessions-bench-'))
  return { url, stop: async () => rmSync(url, { recursive: true, force: true }) }
}
