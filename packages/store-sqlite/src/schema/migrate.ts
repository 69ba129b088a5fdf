import { checkOptions, checkTimeout, SessionError } from '@sessions/core/store'
import { Connection, toConnection } from '../database/connection.js'
import { latestVersion, migrations } from './migrations.js'
import { openFile } from '../database/open-file.js'
import { patiently } from '../database/patiently.js'
import { checkAnswers } from '../database/settings.js'
import { type TableNames, type TableOptions, toTableNames } from './schema.js'
import type { SqliteDatabase } from '../database/sqlite-database.js'

/** Where the tables are. */
export interface MigrateOptions extends TableOptions {
  /** How long all of it may take in milliseconds, other processes' turns included (default 60,000). */
  timeoutMs?: number
}

/** The result of a migration. */
export interface Migrated {
  /** The version before. 0: there were no tables. */
  from: number
  /** The version now. */
  to: number
}

/**
 * Brings the tables to the version this package needs, in one transaction. Any number of processes may do so at once:
 * they take turns, and the first one does the work. A store that opens its file by itself does this, too.
 *
 * @param database as for `sqliteStore`; a file is closed again.
 * @throws `store_failed` when the tables are of a later version than this package knows.
 *
 * @example
 * ```ts
 * import { migrate } from '@sessions/store-sqlite'
 *
 * const { from, to } = await migrate('./sessions.db')
 * console.log(`sessions: version ${from} to ${to}`)
 * ```
 */
export async function migrate(
  database: string | SqliteDatabase,
  options: MigrateOptions = {},
): Promise<Migrated> {
  checkOptions<MigrateOptions>(options, { tablePrefix: true, timeoutMs: true })
  const { timeoutMs = 60_000 } = options
  checkTimeout(timeoutMs, 'timeoutMs')
  const names = toTableNames(options)
  const until = performance.now() + timeoutMs
  return using(database, until, (connection) => migrateConnection(connection, names, until))
}

/** All of `migrate` as SQL, for a database without our tables, and for those who apply it by other means. */
export function migrationSql(options: TableOptions = {}): string {
  checkOptions<TableOptions>(options, { tablePrefix: true })
  const names = toTableNames(options)
  const commands = [
    tableSql(names),
    ...migrations.flatMap((step) => [...step.commands(names), recordSql(names, step.version)]),
  ]
  return ['begin immediate;', ...commands.map((command) => `${command};`), 'commit;', ''].join('\n')
}

/**
 * Checks that the tables are of a version this package works with: for a process that should say so when it starts,
 * not at its first request.
 *
 * @throws `store_failed` saying which version is there and which is needed; `unavailable` when the file cannot be
 *   opened.
 */
export async function checkSchema(
  database: string | SqliteDatabase,
  options: MigrateOptions = {},
): Promise<void> {
  checkOptions<MigrateOptions>(options, { tablePrefix: true, timeoutMs: true })
  const { timeoutMs = 5000 } = options
  checkTimeout(timeoutMs, 'timeoutMs')
  const names = toTableNames(options)
  const until = performance.now() + timeoutMs
  const version = await using(database, until, (connection) =>
    patiently(until, () => versionOn(connection, names)),
  )
  checkVersion(version)
}

/** @throws `store_failed` for tables of another version than this package needs. */
export function checkVersion(version: number): void {
  if (version === latestVersion) return
  if (version > latestVersion) throw newer(version)
  throw new SessionError(
    'store_failed',
    `the tables are at version ${version} and this package needs version ${latestVersion}: apply migrations with ` +
      'migrate() or migrationSql()',
  )
}

/** `migrate`, on a connection that is open. It only reads when there is nothing to do. */
export async function migrateConnection(
  connection: Connection,
  names: TableNames,
  until: number,
): Promise<Migrated> {
  const found = await patiently(until, () => versionOn(connection, names))
  if (found > latestVersion) throw newer(found)
  if (found === latestVersion) return { from: found, to: found }
  return patiently(until, () =>
    connection.transaction('begin immediate', () => {
      checkEncoding(connection)
      const from = versionOn(connection, names)
      if (from > latestVersion) throw newer(from)
      if (from === 0) connection.exec(tableSql(names))
      for (const { version, commands } of migrations) {
        if (version <= from) continue
        for (const command of [...commands(names), recordSql(names, version)]) connection.exec(command)
      }
      return { from, to: latestVersion }
    }),
  )
}

// We close the file only when we have opened it.
async function using<T>(
  database: string | SqliteDatabase,
  until: number,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  if (typeof database !== 'string') {
    const lent = toConnection(database)
    checkAnswers(lent)
    return work(lent)
  }
  const file = await openFile(database, until, 'full')
  const connection = new Connection(file.database)
  try {
    return await work(connection)
  } finally {
    connection.close()
    await file.log?.close()
  }
}

// In a UTF-16 database texts have another order, and take other numbers of bytes.
/** @throws `store_failed` */
export function checkEncoding(connection: Connection): void {
  const row = connection.first('pragma encoding')
  if (row?.['encoding'] === 'UTF-8') return
  const problem = `the database has the encoding ${String(row?.['encoding'])}: make one with UTF-8`
  throw new SessionError('store_failed', problem)
}

/** The version of the tables; 0 when there are none. */
export function versionOn(connection: Connection, names: TableNames): number {
  const tables = connection.all(
    "select 1 as found from sqlite_master where type = 'table' and name = ?",
    `${names.prefix}session_migrations`,
  )
  if (tables.length === 0) return 0
  const row = connection.first(`select coalesce(max(version), 0) as version from ${names.migrations}`)
  return Number(row?.['version'])
}

function tableSql({ migrations }: TableNames): string {
  return `create table ${migrations} (
  version integer primary key,
  applied_at text not null default current_timestamp
)`
}

function recordSql({ migrations }: TableNames, version: number): string {
  return `insert into ${migrations} (version) values (${version})`
}

function newer(version: number): SessionError {
  return new SessionError(
    'store_failed',
    `the tables are at version ${version}, and this package knows no later one than ${latestVersion}: update it`,
  )
}
