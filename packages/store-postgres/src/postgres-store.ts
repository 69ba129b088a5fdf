import {
  checkChange,
  checkCopy,
  checkOptions,
  checkWhole,
  type Committed,
  type OptionNames,
  type SessionStore,
} from '@sessions/core/store'
import { AppendBatch, commitBatch, placeOf } from './append-batch.js'
import { PageReader } from './page-reader.js'
import { Coalescer } from './coalescer.js'
import { toColdStatements } from './cold-statements.js'
import { type Commit, isAppend, toCommit } from './commit.js'
import { Committer } from './committer.js'
import { Database } from './database.js'
import { checkDatabase } from './check-database.js'
import { judge } from './errors.js'
import { Maintenance } from './maintenance.js'
import { createPostgresPool } from './pool.js'
import { Reader } from './reader.js'
import { Restorer } from './restorer.js'
import {
  checkRowLevelSecurity,
  type RowLevelSecurity,
  toBegin,
  toEnter,
  toSetting,
} from './row-level-security.js'
import { type TableOptions, toTableNames } from './schema.js'
import { type PostgresDatabase, toSource } from './source.js'
import { toHotStatements } from './statements.js'

/** How `postgresStore` uses its database. */
export interface PostgresStoreOptions extends TableOptions {
  /** How long any other read may take in milliseconds, the wait for a connection included (default 1,000). */
  readTimeoutMs?: number
  /**
   * How long a read that may bring a page of messages may take in milliseconds, the wait for a connection included:
   * `messages`, and `read` with a tail of more than one (default five times `readTimeoutMs`).
   */
  pageTimeoutMs?: number
  /** How long a write may take in milliseconds, the wait for a connection included (default 2,000). */
  writeTimeoutMs?: number
  /**
   * `off` (default), or the setting that row-level security compares tenants with, such as `sessions.tenant`. Every
   * statement is then in a transaction that sets it: three round trips instead of one. The first call is refused
   * with `store_failed` when the role or the tables would not hold the policies.
   */
  rls?: RowLevelSecurity
  /** Whether statements are prepared under names (default true). False for poolers that cannot: half as fast. */
  prepare?: boolean
  /** Whether calls that come at the same time share statements (default true). */
  coalesce?: boolean
}

/** A store whose pool is its own. */
export interface OwnedPostgresStore extends SessionStore {
  /** Closes the pool that the store made for its URL. */
  close(): Promise<void>
}

/**
 * Sessions in PostgreSQL 13 or later, in tables that `migrate` makes. Every commit and every read is one statement;
 * calls that come at the same time share a statement.
 *
 * @param db the application's `pg.Pool`, which stays its own. Or the application's `Kysely`, which cannot name
 * statements and so takes about twice as long. Or a `PGlite`, for tests without a server. Or a URL: the store then has a pool of its own, as `createPostgresPool`
 * makes it, and the application calls `close`.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
 *
 * const pool = createPostgresPool('postgres://localhost/app')
 * await migrate(pool)
 * const sessions = createSessions({ store: postgresStore(pool) })
 * ```
 */
export function postgresStore(db: string, options?: PostgresStoreOptions): OwnedPostgresStore
export function postgresStore<Tables>(
  db: PostgresDatabase<Tables>,
  options?: PostgresStoreOptions,
): SessionStore
export function postgresStore<Tables>(
  db: string | PostgresDatabase<Tables>,
  options: PostgresStoreOptions = {},
): SessionStore | OwnedPostgresStore {
  if (typeof db !== 'string') return storeOver(db, options)
  const pool = createPostgresPool(db)
  return { ...storeOver(pool, options), close: () => pool.end() }
}

const optionNames: OptionNames<PostgresStoreOptions> = {
  schema: true,
  tablePrefix: true,
  readTimeoutMs: true,
  pageTimeoutMs: true,
  writeTimeoutMs: true,
  rls: true,
  prepare: true,
  coalesce: true,
}

function storeOver<Tables>(db: PostgresDatabase<Tables>, options: PostgresStoreOptions): SessionStore {
  checkOptions(options, optionNames)
  const {
    readTimeoutMs = 1000,
    pageTimeoutMs = 5 * readTimeoutMs,
    writeTimeoutMs = 2000,
    rls = 'off',
    prepare = true,
    coalesce = true,
  } = options
  checkWhole(readTimeoutMs, 'readTimeoutMs', 1)
  checkWhole(pageTimeoutMs, 'pageTimeoutMs', 1)
  checkWhole(writeTimeoutMs, 'writeTimeoutMs', 1)
  const names = toTableNames(options)
  const setting = toSetting(rls)
  const oneTenant = setting !== undefined
  const source = toSource(db)
  const database = new Database(source, {
    prepare,
    tenantSql: setting === undefined ? undefined : { begin: toBegin(setting), enter: toEnter(setting) },
    check:
      setting === undefined
        ? undefined
        : (connections, until) => checkRowLevelSecurity(connections, names, setting, until),
  })
  const hot = toHotStatements(names)
  const cold = toColdStatements(names)
  const committer = new Committer(database, hot, cold)
  const reader = new Reader(database, hot, { coalesce, oneTenant, readTimeoutMs, pageTimeoutMs })
  const browser = new PageReader(database, cold, { readTimeoutMs, pageTimeoutMs })
  const keeper = new Maintenance(database, cold, { oneTenant, timeoutMs: writeTimeoutMs })
  const restorer = new Restorer(database, cold, { timeoutMs: writeTimeoutMs })
  const appends = new Coalescer<Commit, Committed>({
    createBatch: () => new AppendBatch({ oneTenant }),
    keyOf: placeOf,
    one: (commit) => committer.commit(commit),
    batch: (commits) => commitBatch(database, hot.appendMany, commits),
  })

  return {
    async read(ref, { tail = 0 } = {}) {
      checkWhole(tail, 'tail', 0)
      return reader.read(ref, tail)
    },

    async commit(ref, change) {
      checkChange(change)
      const commit = toCommit(ref, change, performance.now() + writeTimeoutMs)
      const shares = coalesce && isAppend(change) && !commit.repeats
      return shares ? appends.add(commit) : committer.commit(commit)
    },

    messages: (ref, query) => browser.messages(ref, query),
    amend: (ref, amendments, guard) => keeper.amend(ref, amendments, guard),

    async trim(ref, throughSeq, guard) {
      checkWhole(throughSeq, 'throughSeq', 0)
      return keeper.trim(ref, throughSeq, guard)
    },

    remove: (ref, guard) => keeper.remove(ref, guard),
    list: (query) => browser.list(query),

    async restore(ref, copy) {
      checkCopy(copy)
      return restorer.restore(ref, structuredClone(copy))
    },

    async sweep({ limit }) {
      checkWhole(limit, 'limit', 1)
      return keeper.sweep(limit)
    },

    async check(timeoutMs) {
      const until = performance.now() + timeoutMs
      try {
        return await checkDatabase({ source, names, setting, prepare }, until)
      } catch (error) {
        throw judge(error, { unknown: false }).error
      }
    },
  }
}
