import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore } from '@sessions/core'
import { describeSessionStore } from '@sessions/core/testing'
import { sqliteStore } from '@sessions/store-sqlite'
import { hashRoute, shardedStore } from '../src/index.js'

// Over two memories: sharded-store.wide.test.ts.
describeSessionStore('shardedStore over memory and a file, by session, with a home', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sessions-sharded-'))
  const patient = { readTimeoutMs: 60_000, writeTimeoutMs: 60_000, synchronous: 'normal' } as const
  const [memory, home] = [memoryStore(), memoryStore()]
  const files = [0, 1].map(() => sqliteStore(join(folder, 'sessions.db'), patient))
  const route = hashRoute(['memory', 'file'], { by: 'session' })
  const [store, peer] = files.map((file) => shardedStore({ shards: { memory, file }, route, home }))
  return {
    store: store!,
    peer: peer!,
    sweepsMeanwhile: true,
    async close() {
      await Promise.all(files.map((file) => file.close()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
})
