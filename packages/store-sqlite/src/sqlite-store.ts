import {
  checkChange,
  checkCopy,
  checkOptions,
  checkTimeout,
  checkWhole,
  type OptionNames,
  type SessionStore,
} from '@sessions/core/store'
import { checkFile } from './database/check-file.js'
import { toCommit } from './writing/commit.js'
import { committing } from './writing/committer.js'
import { toConnection } from './database/connection.js'
import { Database, type OpenSource } from './database/database.js'
import { FileClock } from './database/file-clock.js'
import { Lister } from './reading/lister.js'
import { Maintenance } from './writing/maintenance.js'
import type { Synchronous } from './database/open-file.js'
import { OwnFile } from './database/own-file.js'
import { Reader } from './reading/reader.js'
import { RecentRecords } from './writing/recent-records.js'
import { Restorer } from './writing/restorer.js'
import { type TableOptions, toTableNames } from './schema/schema.js'
import type { SqliteDatabase } from './database/sqlite-database.js'
import { toStatements } from './statements.js'
import { isLong } from './database/steps.js'
import { checkAnswers, warnIfUnfit } from './database/settings.js'

/** How `sqliteStore` uses its database. */
export interface SqliteStoreOptions extends TableOptions {
  /** How long any other read may take in milliseconds, the wait for its turn included (default 1,000). */
  readTimeoutMs?: number
  /**
   * How long a read that may bring a page of messages may take in milliseconds, the wait for its turn included:
   * `messages`, and `read` with a tail of more than one (default five times `readTimeoutMs`).
   */
  pageTimeoutMs?: number
  /** How long a write may take in milliseconds, the wait for other processes included (default 2,000). */
  writeTimeoutMs?: number
  /**
   * What survives when the machine loses its power, for a file that the store opens: `full` (default) every commit that
   * has settled, `normal` all but those of the last moment, and is faster. A process that dies loses nothing with
   * either.
   */
  synchronous?: Synchronous
}

/** A store whose file is its own. */
export interface OwnedSqliteStore extends SessionStore {
  /** Closes the file that the store opened. */
  close(): Promise<void>
}

/**
 * Sessions in a SQLite database: one file, which the processes of one machine can share.
 *
 * @param database a path, or the application's database of `libsql`, `better-sqlite3`, `node:sqlite` or `bun:sqlite`.
 * For a path the store opens the file by `libsql` with its first call and makes its tables, and the application calls
 * `close`. A database of the application stays its own, with the tables that `migrate` makes.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { sqliteStore } from '@sessions/store-sqlite'
 *
 * const sessions = createSessions({ store: sqliteStore('./sessions.db') })
 * ```
 */
export function sqliteStore(database: string, options?: SqliteStoreOptions): OwnedSqliteStore
export function sqliteStore(database: SqliteDatabase, options?: SqliteStoreOptions): SessionStore
export function sqliteStore(
  database: string | SqliteDatabase,
  options: SqliteStoreOptions = {},
): SessionStore | OwnedSqliteStore {
  checkOptions(options, optionNames)
  if (typeof database === 'string') {
    const file = new OwnFile(database, toTableNames(options), options.synchronous ?? 'full')
    return { ...storeOver((until) => file.open(until), options), close: () => file.close() }
  }
  const connection = toConnection(database)
  let isKnown = false
  return storeOver(() => {
    if (!isKnown) {
      checkAnswers(connection)
      isKnown = true
      warnIfUnfit(connection)
    }
    return { connection, isLent: true }
  }, options)
}

const optionNames: OptionNames<SqliteStoreOptions> = {
  tablePrefix: true,
  readTimeoutMs: true,
  pageTimeoutMs: true,
  writeTimeoutMs: true,
  synchronous: ['full', 'normal'],
}

function storeOver(source: OpenSource, options: SqliteStoreOptions): SessionStore {
  const { readTimeoutMs = 1000, pageTimeoutMs = 5 * readTimeoutMs, writeTimeoutMs = 2000 } = options
  checkTimeout(readTimeoutMs, 'readTimeoutMs')
  checkTimeout(pageTimeoutMs, 'pageTimeoutMs')
  checkTimeout(writeTimeoutMs, 'writeTimeoutMs')
  const names = toTableNames(options)
  const statements = toStatements(names)
  const database = new Database(source, new FileClock(names))
  const recent = new RecentRecords()
  const reader = new Reader(database, statements, { readTimeoutMs, pageTimeoutMs })
  const lister = new Lister(database, names, { timeoutMs: readTimeoutMs })
  const keeper = new Maintenance(database, statements, { timeoutMs: writeTimeoutMs })
  const restorer = new Restorer(database, statements, { timeoutMs: writeTimeoutMs })

  return {
    async read(ref, { tail = 0 } = {}) {
      checkWhole(tail, 'tail', 0)
      return reader.read(ref, tail)
    },

    async commit(ref, change) {
      checkChange(change)
      const commit = toCommit(ref, change)
      const until = performance.now() + writeTimeoutMs
      const { tenant, id } = commit
      const steps = committing(statements, commit, recent.get(tenant, id))
      // What becomes of this commit, nobody knows before it has settled.
      recent.forget(tenant, id)
      const isLongCommit = isLong(commit.change.messages, change.body)
      const { key, ...committed } = await database.writeInSteps(until, steps, isLongCommit)
      recent.keep(tenant, id, key, committed.record)
      return committed
    },

    messages: (ref, query) => reader.messages(ref, query),
    amend: (ref, amendments, guard) => keeper.amend(ref, amendments, guard),

    async trim(ref, throughSeq, guard) {
      checkWhole(throughSeq, 'throughSeq', 0)
      return keeper.trim(ref, throughSeq, guard)
    },

    remove: (ref, guard) => keeper.remove(ref, guard),
    list: (query) => lister.list(query),

    async restore(ref, copy) {
      checkCopy(copy)
      return restorer.restore(ref, copy)
    },

    async sweep({ limit }) {
      checkWhole(limit, 'limit', 1)
      return keeper.sweep(limit)
    },

    check: async (timeoutMs) => checkFile(await source(performance.now() + timeoutMs), names),
  }
}
