import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { memoryStore } from '@sessions/core'
import { migrate, sqliteStore } from '@sessions/store-sqlite'
import type { OpenStore } from './open-store.js'

/**
 * A store in the file at `SESSIONS_SQLITE`, or in `data/sessions.db` of this app; it says which. Where there is no
 * `libsql` for this platform it says so, and keeps sessions in memory.
 */
export async function openSqlite(env: Readonly<Record<string, string | undefined>>): Promise<OpenStore> {
  const path = resolve(env['SESSIONS_SQLITE'] || join(import.meta.dirname, '../data/sessions.db'))
  if (!(await hasLibsql())) {
    console.log('sessions are in memory, and end with this process: there is no libsql for this platform')
    return { store: memoryStore(), close: async () => {} }
  }
  mkdirSync(dirname(path), { recursive: true })
  // What is wrong with the file is told now, not with the first request.
  await migrate(path)
  console.log(`sessions are in ${path}`)
  const store = sqliteStore(path)
  return { store, close: () => store.close() }
}

async function hasLibsql(): Promise<boolean> {
  try {
    await import('libsql')
    return true
  } catch {
    return false
  }
}
