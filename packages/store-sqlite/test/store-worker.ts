// A store in a process of its own: reads calls from its standard input, a line each, and writes what becomes of them.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { isSessionError, type SessionStore } from '@sessions/core/store'
import {
  migrate,
  type OwnedSqliteStore,
  type SqliteDatabase,
  sqliteStore,
  type SqliteStoreOptions,
} from '../src/index.js'
import { toLine } from './to-line.js'

export interface WorkerOptions {
  /** `libsql` opens the file by itself; the others are drivers that the application opens. */
  readonly driver: 'libsql' | 'better-sqlite3' | 'node:sqlite' | 'bun:sqlite'
  readonly path: string
  /** A file of the directory that has `better-sqlite3`. */
  readonly modules?: string
  readonly store?: SqliteStoreOptions
}

export interface Call {
  readonly number: number
  readonly method: keyof SessionStore | 'migrate' | 'close'
  readonly args: readonly never[]
}

const { driver, path, modules = path, store: options = {} } = JSON.parse(process.argv[2]!) as WorkerOptions

type Opener = new (path: string, options?: object) => SqliteDatabase

async function open(): Promise<SqliteDatabase> {
  if (driver === 'better-sqlite3') return new (createRequire(modules)(driver) as Opener)(path, { timeout: 0 })
  const name: string = driver
  const { DatabaseSync, Database } = (await import(name)) as { DatabaseSync: Opener; Database: Opener }
  return new (driver === 'node:sqlite' ? DatabaseSync : Database)(path)
}

const database = driver === 'libsql' ? undefined : await open()
// Two processes begin at once, and one of them waits for the other with this.
database?.exec('pragma busy_timeout = 5000; pragma journal_mode = wal')
database?.exec('pragma busy_timeout = 0; pragma synchronous = normal')
const store = database === undefined ? sqliteStore(path, options) : sqliteStore(database, options)
const target = {
  ...store,
  migrate: () => migrate(database ?? path),
  close: async () => {
    if ('close' in store) await (store as OwnedSqliteStore).close()
    database?.close()
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const { number, method, args } = JSON.parse(line) as Call
  const call = target[method] as (...args: readonly never[]) => Promise<unknown>
  call(...args).then(
    (result) => say({ number, result }),
    (error: unknown) => say({ number, error: toPlain(error) }),
  )
}

function say(outcome: object): void {
  process.stdout.write(toLine(outcome))
}

function toPlain(error: unknown): object {
  if (!isSessionError(error)) return { code: 'no SessionError', message: String(error) }
  const { code, message, path, revision, messageId } = error
  return { code, message, path, revision, messageId }
}
