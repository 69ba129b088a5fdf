import { describeSessionStore } from '@sessions/core/testing'
import { fetchPackages } from '@sessions/testkit'
import { arch, platform } from 'node:process'
import { join } from 'node:path'
import { expect } from 'vitest'
import { leftOver, patient, useFiles } from './files.js'
import { startStore } from './store-process.js'
import type { WorkerOptions } from './store-worker.js'

const newPath = useFiles()
const node = `node-${platform === 'win32' ? 'win' : platform}-${arch}`
const bun = `@oven/bun-${platform === 'win32' ? 'windows' : platform}-${arch === 'arm64' ? 'aarch64' : arch}`

/** The directory with the runtimes and the drivers that Node 20 does not have. */
const fetched = () =>
  fetchPackages('sqlite-drivers-1', ['better-sqlite3@13.2.0', `${node}@24.22.3`, `${bun}@1.4.5`])

const runtimes: readonly (readonly [driver: WorkerOptions['driver'], runtime: string, command: string])[] = [
  ['node:sqlite', 'Node 24', `${node}/bin/node`],
  ['better-sqlite3', 'Node 24', `${node}/bin/node`],
  ['libsql', 'Node 24', `${node}/bin/node`],
  ['bun:sqlite', 'Bun', `${bun}/bin/bun`],
  ['libsql', 'Bun', `${bun}/bin/bun`],
]

for (const [driver, runtime, command] of runtimes) {
  describeSessionStore(`sqliteStore by ${driver} on ${runtime}`, async () => {
    const modules = join(await fetched(), 'node_modules')
    const path = newPath()
    const start = () =>
      startStore({ driver, path, modules: join(modules, 'index.js'), store: patient }, join(modules, command))
    const [store, peer] = await Promise.all([start(), start()])
    await store.migrate()
    return {
      store,
      peer,
      async close() {
        await Promise.all([store.close(), peer.close()])
        expect(leftOver(path)).toBe(0)
      },
    }
  })
}
