import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore } from '@sessions/core'
import { openFile, openStore, type OpenStore } from './open-store.js'
import { startServer } from './start-server.js'

export const storeNames = ['memory', 'sqlite', 'redis', 'postgres', 'portable', 'sharded', 'tiered'] as const
export type StoreName = (typeof storeNames)[number]

export function isStoreName(name: string): name is StoreName {
  return (storeNames as readonly string[]).includes(name)
}

/** An empty store, on a server or a file that goes when the store is closed. */
export async function startStore(name: StoreName, memoryBytes?: number): Promise<OpenStore> {
  if (name === 'memory') {
    const store = memoryStore(memoryBytes === undefined ? {} : { maxBytes: memoryBytes })
    return { store, close: async () => {} }
  }
  const place = await (name === 'sqlite' ? startFolder() : startServer(name))
  const opened = name === 'sqlite' ? openFile(join(place.url, 'sessions.db')) : openStore(name, place.url)
  return {
    store: opened.store,
    async close() {
      await opened.close()
      await place.stop()
    },
  }
}

async function startFolder() {
  const url = mkdtempSync(join(tmpdir(), 'sessions-benchmarks-'))
  return { url, stop: async () => rmSync(url, { recursive: true, force: true }) }
}
