import Libsql from 'libsql'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** New paths in a directory that is removed after the tests of the file. */
export function useFiles(): (name?: string) => string {
  const directory = mkdtempSync(join(tmpdir(), 'sessions-sqlite-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  let count = 0
  return (name = 'sessions.db') => join(directory, `${++count}-${name}`)
}

/** Time enough for a busy machine, in tests that are not about time. */
export const patient = { readTimeoutMs: 240_000, writeTimeoutMs: 240_000 }

/** The file, by the driver alone. */
export function openRaw(path: string): Libsql.Database {
  const database = new Libsql(path)
  database.exec('pragma journal_mode = wal')
  return database
}

/** How many messages and bodies there are that belong to no session, or that their session says were trimmed. */
export function leftOver(path: string, tablePrefix = 'llm_'): number {
  const database = openRaw(path)
  const table = (name: string) => `"${tablePrefix}${name}"`
  const rows = database
    .prepare(
      `select count(*) as count from ${table('session_messages')} m
      left join ${table('sessions')} s on s.skey = m.session_key
      where s.skey is null or m.place >> 32 <> s.skey
        or m.place & 4294967295 <= s.trimmed_seq or m.place & 4294967295 > s.last_seq
      union all
      select count(*) from ${table('session_bodies')} b
      left join ${table('sessions')} s on s.skey = b.session_key where s.skey is null`,
    )
    .all() as { count: number }[]
  database.close()
  return rows.reduce((sum, { count }) => sum + count, 0)
}
