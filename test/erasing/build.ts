import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { expect } from 'vitest'

const stores = ['store-redis', 'store-postgres', 'store-sqlite']

/** Processes of their own run what is published, not the sources. A whole run has built it already. */
export async function buildStores(): Promise<void> {
  if (process.env['SESSIONS_BUILT']) return
  const turbo = resolve(import.meta.dirname, '../../scripts/turbo.mjs')
  const filters = stores.map((name) => `--filter=@sessions/${name}`)
  const built = spawn(process.execPath, [turbo, 'run', 'build', ...filters])
  expect(await once(built, 'close')).toEqual([0, null])
}
