import {
  checkChange,
  checkCopy,
  checkOptions,
  checkTimeout,
  checkWhole,
  type Committed,
  type OptionNames,
  SessionError,
  type SessionStore,
} from '@sessions/core/store'
import { AppendBatch, commitBatch, placeOf } from './writing/append-batch.js'
import { PageReader } from './reading/page-reader.js'
import { Coalescer } from './coalescer.js'
import { type ColdStatements, toColdStatements } from './statements/cold-statements.js'
import { type Commit, isAppend, toCommit } from './writing/commit.js'
import { CombinedSteps } from './writing/combined-steps.js'
import { combinedSweep, type CombinedSweepOptions } from './writing/combined-sweep.js'
import { Committer } from './writing/committer.js'
import { Database } from './connection/database.js'
import { checkDatabase } from './setup/check-database.js'
import { judge } from './connection/errors.js'
import { Maintenance } from './writing/maintenance.js'
import { createPostgresPool } from './connection/pool.js'
import { PortableCommitter } from './portable/portable-committer.js'
import { toPortableStatements } from './portable/portable-statements.js'
import { PortableSteps } from './portable/portable-steps.js'
import { portableSweep } from './portable/portable-sweep.js'
import { Reader } from './reading/reader.js'
import { Restorer } from './writing/restorer.js'
import {
  checkRowLevelSecurity,
  type RowLevelSecurity,
  toBegin,
  toEnter,
  toSetting,
} from './setup/row-level-security.js'
import { type TableNames, type TableOptions, toTableNames } from './schema/schema.js'
import type { SessionSteps, SweepBatch } from './writing/session-steps.js'
import { type PostgresDatabase, toSource } from './connection/source.js'
import { type HotStatements, toHotStatements } from './statements/statements.js'

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
  /** Whether calls that come at the same time share statements (default true; false with portable statements). */
  coalesce?: boolean
  /**
   * `combined` (default): a commit is one statement. `portable`: a commit is a transaction of simple statements, each
   * about one table and one tenant, in five round trips. It is for databases that split tables by tenant and take no
   * more than that. It goes neither with `rls` nor with `coalesce: true`.
   */
  statements?: StatementKind
}

/** How `postgresStore` writes: see its option `statements`. */
export type StatementKind = 'combined' | 'portable'

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
  statements: true,
}

function storeOver<Tables>(db: PostgresDatabase<Tables>, options: PostgresStoreOptions): SessionStore {
  checkOptions(options, optionNames)
  const {
    readTimeoutMs = 1000,
    pageTimeoutMs = 5 * readTimeoutMs,
    writeTimeoutMs = 2000,
    rls = 'off',
    prepare = true,
    statements = 'combined',
    coalesce = statements === 'combined',
  } = options
  checkTimeout(readTimeoutMs, 'readTimeoutMs')
  checkTimeout(pageTimeoutMs, 'pageTimeoutMs')
  checkTimeout(writeTimeoutMs, 'writeTimeoutMs')
  checkStatements({ statements, rls, coalesce })
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
  const timeoutMs = writeTimeoutMs
  const { steps, sweepBatch, committer } =
    statements === 'portable'
      ? portableWrites(database, names, cold, { timeoutMs })
      : combinedWrites(database, hot, cold, { oneTenant, timeoutMs })
  const reader = new Reader(database, hot, { coalesce, oneTenant, readTimeoutMs, pageTimeoutMs })
  const browser = new PageReader(database, cold, { readTimeoutMs, pageTimeoutMs })
  const keeper = new Maintenance(database, cold, { steps, sweepBatch, timeoutMs })
  const restorer = new Restorer(database, cold, { steps, timeoutMs })
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

/** What writes, in one of the two kinds of statements. */
interface Writes {
  readonly steps: SessionSteps
  readonly sweepBatch: SweepBatch
  readonly committer: { commit(commit: Commit): Promise<Committed> }
}

function combinedWrites(
  database: Database,
  hot: HotStatements,
  cold: ColdStatements,
  options: CombinedSweepOptions,
): Writes {
  const steps = new CombinedSteps(cold)
  const committer = new Committer(database, hot, cold.find, steps)
  return { steps, sweepBatch: combinedSweep(database, cold, options), committer }
}

function portableWrites(
  database: Database,
  names: TableNames,
  cold: ColdStatements,
  options: { timeoutMs: number },
): Writes {
  const portable = toPortableStatements(names)
  const steps = new PortableSteps(portable)
  const committer = new PortableCommitter(database, portable, cold, steps)
  return { steps, sweepBatch: portableSweep(database, portable, options), committer }
}

function checkStatements({
  statements,
  rls,
  coalesce,
}: Required<Pick<PostgresStoreOptions, 'statements' | 'rls' | 'coalesce'>>): void {
  if (statements === 'combined') return
  if (statements !== 'portable') {
    throw new SessionError('invalid', "statements must be 'combined' or 'portable'", { path: 'statements' })
  }
  const refuse = (path: string, why: string) =>
    new SessionError('invalid', `portable statements go without ${path}: ${why}`, { path })
  if (rls !== 'off') {
    throw refuse('rls', 'its policies need a setting of the transaction, which not every database passes on')
  }
  if (coalesce) throw refuse('coalesce', 'a statement that several calls share is about several tenants')
}
