import { checkOptions, checkTimeout, checkWhole, type OptionNames, SessionError } from '@sessions/core/store'
import { begin, type Connection, type ConnectionSource } from '../connection/database.js'
import { isDeadlock, judge } from '../connection/errors.js'
import { labelVersion, latestVersion, migrations } from '../schema/migrations.js'
import { indexLargeTables } from './index-large-tables.js'
import { createPostgresPool } from '../connection/pool.js'
import { policySql, type RowLevelSecurity, toSetting } from './row-level-security.js'
import { type TableNames, type TableOptions, toTableNames } from '../schema/schema.js'
import { type PostgresDatabase, toSource } from '../connection/source.js'
import { toStatement } from '../connection/statement.js'

/** Where the tables are, and how they are secured. */
export interface MigrateOptions extends TableOptions {
  /** As for `postgresStore` (default `off`, which leaves policies as they are). */
  rls?: RowLevelSecurity
  /**
   * In how many partitions both tables are made, by hash of the tenant: 2 to 1,024 (default: in none). For PostgreSQL 17 and
   * later, and for tables that this call makes: those that are there stay as they are, and must have as many.
   */
  partitions?: number
  /** How long all of it may take in milliseconds, other processes' turns included (default 60,000). */
  timeoutMs?: number
}

const sqlOptions: OptionNames<Omit<MigrateOptions, 'timeoutMs'>> = {
  schema: true,
  tablePrefix: true,
  rls: true,
  partitions: true,
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
 * they take turns, and the first one does the work. An index of a large table is made before it, beside the writes. Needs a
 * role that may create tables in the schema.
 *
 * @param db as for `postgresStore`; of a URL the connection is closed again.
 * @throws `store_failed` when the tables are of a later version than this package knows, have other `partitions`, or
 *   cannot have any on this server.
 *
 * @example
 * ```ts
 * import { migrate } from '@sessions/store-postgres'
 *
 * const { from, to } = await migrate('postgres://owner@localhost/app')
 * console.log(`sessions: version ${from} to ${to}`)
 * ```
 */
export async function migrate<Tables>(
  db: string | PostgresDatabase<Tables>,
  options: MigrateOptions = {},
): Promise<Migrated> {
  checkOptions<MigrateOptions>(options, { ...sqlOptions, timeoutMs: true })
  const { rls = 'off', partitions, timeoutMs = 60_000 } = options
  checkPartitions(partitions)
  checkTimeout(timeoutMs, 'timeoutMs')
  const names = toTableNames(options)
  const setting = toSetting(rls)
  const until = performance.now() + timeoutMs
  const progress = { isCommitting: false }
  try {
    return await using(
      db,
      (source) =>
        source.use(until, (connection) =>
          migrateOn(connection, names, { setting, partitions, timeoutMs, until, progress }),
        ),
      // The index of a large table takes longer than a call.
      { statement_timeout: 0 },
    )
  } catch (error) {
    throw judge(error, { unknown: progress.isCommitting }).error
  }
}

/** All of `migrate` as SQL, for those who apply it by other means. It may be applied again. */
export function migrationSql(options: Omit<MigrateOptions, 'timeoutMs'> = {}): string {
  checkOptions(options, sqlOptions)
  const names = toTableNames(options)
  const setting = toSetting(options.rls ?? 'off')
  checkPartitions(options.partitions)
  const steps = migrations.map(
    ({ version, commands }) => `
do $migration$ begin
if not exists (select from ${names.migrations} where version = ${version}) then
${[...commands(names, options.partitions), recordSql(names, version)].join(';\n')};
end if;
end $migration$;`,
  )
  return [
    `${begin};`,
    encodingSql,
    lockSql(names) + ';',
    schemaSql(names) + ';',
    tableSql(names) + ';',
    ...steps,
    ...(setting === undefined ? [] : policySql(names, setting).map((command) => `${command};`)),
    'commit;',
    '',
  ].join('\n')
}

/**
 * Checks that the tables are of a version this package works with: for a process that should say so when it starts,
 * not at its first request.
 *
 * @throws `store_failed` saying which version is there and which is needed; `unavailable` when nobody answers.
 */
export async function checkSchema<Tables>(
  db: string | PostgresDatabase<Tables>,
  options: MigrateOptions = {},
): Promise<void> {
  checkOptions<MigrateOptions>(options, { ...sqlOptions, timeoutMs: true })
  const { timeoutMs = 5000 } = options
  checkTimeout(timeoutMs, 'timeoutMs')
  const names = toTableNames(options)
  const until = performance.now() + timeoutMs
  let version: number
  try {
    version = await using(db, (source) =>
      source.use(until, async (connection) => {
        await checkEncoding(connection)
        return versionOn(connection, names)
      }),
    )
  } catch (error) {
    throw judge(error, { unknown: false }).error
  }
  checkVersion(version, names)
}

/** @throws `store_failed` for tables of another version than this package needs. */
export function checkVersion(version: number, names: TableNames): void {
  if (version === latestVersion) return
  if (version > latestVersion) throw newer(version)
  throw new SessionError(
    'store_failed',
    `the tables in schema "${names.schema}" are at version ${version} and this package needs version ` +
      `${latestVersion}: apply migrations with migrate() or migrationSql()`,
  )
}

// The connections of a URL are ours, so we end them.
async function using<Tables, T>(
  db: string | PostgresDatabase<Tables>,
  work: (source: ConnectionSource) => Promise<T>,
  options: { statement_timeout?: number } = {},
): Promise<T> {
  if (typeof db !== 'string') return work(toSource(db))
  const pool = createPostgresPool(db, { max: 1, ...options })
  try {
    return await work(toSource(pool))
  } finally {
    await pool.end()
  }
}

interface MigrationSettings {
  setting: string | undefined
  partitions: number | undefined
  timeoutMs: number
  until: number
  /** Told when the outcome is no longer known without an answer. */
  progress: { isCommitting: boolean }
}

async function migrateOn(
  connection: Connection,
  names: TableNames,
  settings: MigrationSettings,
): Promise<Migrated> {
  await checkEncoding(connection)
  for (let isPrepared = false; ;) {
    try {
      const migrated = await migrateInTransaction(connection, names, settings, { isPrepared })
      if (migrated !== undefined) return migrated
      await indexLargeTables(connection, names, settings.until)
      isPrepared = true
    } catch (error) {
      // Nothing has happened, and the others, which write or migrate too, go on.
      if (!isDeadlock(error) || performance.now() >= settings.until) throw error
      isPrepared = false
    }
  }
}

/** Undefined, with nothing done, for tables that may need an index beforehand. */
async function migrateInTransaction(
  connection: Connection,
  names: TableNames,
  { setting, partitions, timeoutMs, progress }: MigrationSettings,
  { isPrepared }: { isPrepared: boolean },
): Promise<Migrated | undefined> {
  const run = (...commands: string[]) => connection.script(commands)
  await run(begin)
  try {
    // Other processes may migrate first, and the wait for them is no fault, whatever the timeouts of the pool are.
    await run(
      `set local statement_timeout = ${timeoutMs}`,
      `set local lock_timeout = ${timeoutMs}`,
      lockSql(names),
    )
    // No look at the version before the lock: a server may remember that there were no tables.
    const from = await versionOn(connection, names)
    if (from > latestVersion) throw newer(from)
    if (partitions !== undefined) await checkPartitioned(connection, names, from, partitions)
    if (from > 0 && from < labelVersion && !isPrepared) {
      await run('rollback')
      return undefined
    }
    if (setting !== undefined && from > 0 && from < latestVersion) {
      // The policies need this lock in the end. With it from the start no call is in the way that waits for the index.
      await run(`lock table ${names.sessions} in access exclusive mode`)
    }
    if (from === 0) await run(schemaSql(names), tableSql(names))
    for (const { version, commands } of migrations) {
      if (version > from) await run(...commands(names, partitions), recordSql(names, version))
    }
    if (setting !== undefined) await run(...policySql(names, setting))
    progress.isCommitting = true
    await run('commit')
    return { from, to: latestVersion }
  } catch (error) {
    await run('rollback')
    throw error
  }
}

function checkPartitions(partitions: number | undefined): void {
  if (partitions !== undefined) checkWhole(partitions, 'partitions', 2, 1024)
}

async function checkPartitioned(
  connection: Connection,
  names: TableNames,
  from: number,
  partitions: number,
): Promise<void> {
  const counts = toStatement(
    'partitions',
    `select current_setting('server_version_num'), (select count(*)::text from pg_inherits where inhparent = to_regclass($1))`,
  )
  const [row] = await connection.query(counts, [names.sessions], false)
  const [version, found] = [Number(row?.[0]), Number(row?.[1])]
  if (version < 170_000) {
    throw new SessionError('store_failed', 'Tables in partitions need PostgreSQL 17 or later.')
  }
  if (from === 0 || found === partitions) return
  const problem = `The tables are in ${found} partitions and not in ${partitions}: make others, and copy the sessions there.`
  throw new SessionError('store_failed', problem)
}

// Without this check, a database of another encoding refuses a text that it cannot hold when the text comes, years
// later perhaps.
async function checkEncoding(connection: Connection): Promise<void> {
  const statement = toStatement('encoding', `select current_setting('server_encoding') as encoding`)
  const [row] = await connection.query(statement, [], false)
  if (row?.[0] === 'UTF8') return
  throw new SessionError('store_failed', encodingProblem(String(row?.[0])))
}

/** Why a database of that encoding is no place for sessions. */
export const encodingProblem = (encoding: string): string =>
  `the database has the encoding ${encoding}, which cannot hold every text: make one with encoding 'UTF8'`

const encodingSql = `do $encoding$ begin
if current_setting('server_encoding') <> 'UTF8' then
  raise exception '%', format($text$${encodingProblem('%s')}$text$, current_setting('server_encoding'));
end if;
end $encoding$;`

/** The version of the tables; 0 when there are none. */
export async function versionOn(connection: Connection, names: TableNames): Promise<number> {
  const exists = toStatement('exists', 'select count(to_regclass($1))::text as count')
  const [found] = await connection.query(exists, [names.migrations], false)
  if (Number(found?.[0]) === 0) return 0
  const newest = toStatement(
    'version',
    `select coalesce(max(version), 0)::text as version from ${names.migrations}`,
  )
  const [row] = await connection.query(newest, [], false)
  return Number(row?.[0])
}

// The transaction takes this lock before it creates anything, and holds it to its end: `if not exists` alone loses
// races.
function lockSql({ schema, prefix }: TableNames): string {
  return `select pg_advisory_xact_lock(hashtext('@sessions/store-postgres'), hashtext('${schema}.${prefix}'))`
}

// The script asks first, because even `if not exists` needs the right to create schemas.
function schemaSql({ schema, quotedSchema }: TableNames): string {
  return `do $schema$ begin
if to_regnamespace('"${schema}"') is null then create schema ${quotedSchema}; end if;
end $schema$`
}

function tableSql({ migrations }: TableNames): string {
  return `create table if not exists ${migrations} (
  version integer primary key,
  applied_at timestamptz not null default now()
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
