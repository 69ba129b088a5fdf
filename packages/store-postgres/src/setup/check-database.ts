import type { StoreFinding } from '@sessions/core/store'
import type { Connection, ConnectionSource } from '../connection/database.js'
import { judge } from '../connection/errors.js'
import { checkVersion, encodingProblem, versionOn } from './migrate.js'
import { policyProblem } from './row-level-security.js'
import type { TableNames } from '../schema/schema.js'
import { toStatement } from '../connection/statement.js'

/** The database of a store, and what the store makes of it. */
export interface CheckedDatabase {
  readonly source: ConnectionSource
  readonly names: TableNames
  /** The setting of row-level security; undefined without. */
  readonly setting: string | undefined
  /** Whether the store prepares statements. */
  readonly prepare: boolean
}

const oldestVersion = 130_000
// How long a pooler may take to give a second connection before the check goes on without an answer.
const patienceMs = 500

const serverStatement = toStatement(
  'check_server',
  `select current_setting('server_version_num') as version, current_setting('server_encoding') as encoding,
    current_setting('client_encoding') as client, pg_is_in_recovery()::text as replica,
    current_setting('transaction_read_only') as read_only, current_setting('synchronous_commit') as synchronous,
    current_setting('fsync') as fsync, current_setting('full_page_writes') as pages,
    current_setting('row_security') as secured, current_setting('statement_timeout') as patience,
    coalesce(has_schema_privilege(to_regnamespace($1), 'USAGE')::text, 'none') as usage`,
)

const tablesStatement = toStatement(
  'check_tables',
  `select coalesce((select string_agg(p || ' on ' || t, ', ' order by t, p)
      from unnest($1::text[]) t, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p
      where to_regclass(t) is not null and not has_table_privilege(to_regclass(t), p)), '') as missing,
    coalesce(has_table_privilege(to_regclass($2), 'SELECT')::text, 'none') as version,
    coalesce((select bool_or(row_security_active(to_regclass(t))) from unnest($1::text[]) t)::text, 'none') as secured`,
)

// The sequence of the keys, where the role may see it, when the table is small or has more rows, as far as the server has
// counted, than the sequence has given keys.
const sequenceStatement = toStatement(
  'check_sequence',
  `select q.seq::text, q.last::text from (
    select s.seq, coalesce(pg_sequence_last_value(s.seq), 0) as last
    from (select pg_get_serial_sequence($1, 'skey')::regclass as seq offset 0) s
    where s.seq is not null and has_sequence_privilege(s.seq, 'SELECT')
  ) q
  where (select sum(greatest(c.reltuples, 1)) > q.last or sum(pg_relation_size(c.oid)) < 16777216
    from pg_class c where c.oid = to_regclass($1)
      or c.oid in (select inhrelid from pg_inherits where inhparent = to_regclass($1)))`,
)

const pidStatement = toStatement('check_pid', 'select pg_backend_pid()::text as pid')

/** What is wrong with a database, and with the way to it. Rejects with an error of the driver. */
export async function checkDatabase(checked: CheckedDatabase, until: number): Promise<StoreFinding[]> {
  const { source, names } = checked
  return source.use(until, async (connection) => {
    const findings = await checkServer(connection, checked)
    if (!source.hasTimeout) {
      findings.push(
        warning('timeout', 'the pool has no connectionTimeoutMillis: calls may wait for good. Set one'),
      )
    }
    const canGoOn = findings.every(({ code }) => code !== 'rights' && code !== 'migrations')
    if (canGoOn) findings.push(...(await checkTables(connection, names, checked.setting)))
    const isFit = findings.every(({ level }) => level !== 'error')
    return isFit ? [...findings, ...(await checkPooler(connection, checked, until))] : findings
  })
}

async function checkServer(
  connection: Connection,
  { source, names, setting }: CheckedDatabase,
): Promise<StoreFinding[]> {
  const [row] = await connection.query(serverStatement, [names.quotedSchema], false)
  const [version, encoding, client, replica, readOnly, synchronous, fsync, pages, secured, patience, usage] =
    row as readonly [string, string, string, string, string, string, string, string, string, string, string]
  const findings: StoreFinding[] = []
  if (Number(version) < oldestVersion) {
    findings.push(error('version', 'the server is older than PostgreSQL 13: use a newer one'))
  }
  if (encoding !== 'UTF8') findings.push(error('encoding', encodingProblem(encoding)))
  if (client !== 'UTF8') {
    const problem =
      `a connection has the client_encoding ${client}, and the driver sends UTF8, so the database stores other texts ` +
      'than it is given: take the setting back'
    findings.push(error('encoding', problem))
  }
  if (replica === 'true') {
    findings.push(
      error('read_only', 'the server is a replica, which takes no writes: connect to the primary'),
    )
  } else if (readOnly === 'on') {
    const problem =
      'transactions are read-only: take back default_transaction_read_only of the role or the database'
    findings.push(error('read_only', problem))
  }
  if (setting !== undefined && secured === 'off') {
    const problem = 'row_security is off for this role, so the server refuses every statement: turn it on'
    findings.push(error('row_level_security', problem))
  }
  if (fsync === 'off' || pages === 'off') {
    const problem =
      'fsync or full_page_writes is off, so a crash of the machine may damage the database: turn them on'
    findings.push(warning('durability', problem))
  }
  if (synchronous === 'off') {
    const problem =
      'synchronous_commit is off, so a crash of the server loses commits of the last moment that were acknowledged: turn ' +
      'it on for this role'
    findings.push(warning('durability', problem))
  }
  if (source.abandons && patience === '0') {
    const problem =
      'there is no statement_timeout: a statement that waits for a lock keeps its connection after its call was given up, ' +
      'and calls that try again take more, until the server has none left. Set it in the pool, or for the role'
    findings.push(warning('timeout', problem))
  }
  if (usage === 'false') {
    const problem = `the role may not use the schema: grant usage on schema ${names.quotedSchema} to it`
    findings.push(error('rights', problem))
  }
  if (usage === 'none') {
    const problem = `there is no schema ${names.quotedSchema}: call migrate() with the schema of the store`
    findings.push(error('migrations', problem))
  }
  return findings
}

async function checkTables(
  connection: Connection,
  names: TableNames,
  setting: string | undefined,
): Promise<StoreFinding[]> {
  const tables = [names.sessions, names.messages]
  const [row] = await connection.query(tablesStatement, [tables, names.migrations], false)
  const [missing, version, secured] = row as readonly [string, string, string]
  const findings: StoreFinding[] = []
  if (version === 'false') {
    const problem = `the role may not read ${names.migrations}, which has the version of the tables: grant select on it`
    findings.push(warning('migrations', problem))
  } else {
    const problem = versionProblem(version === 'none' ? 0 : await versionOn(connection, names), names)
    if (problem !== undefined) return [error('migrations', problem)]
  }
  if (missing !== '') findings.push(error('rights', `the role lacks rights: grant it ${missing}`))
  if (missing === '') {
    const problem = await sequenceProblem(connection, names)
    if (problem !== undefined) findings.push(error('sequence', problem))
  }
  if (setting !== undefined) {
    const problem = await policyProblem(connection, names, setting)
    if (problem !== undefined) findings.push(error('row_level_security', problem))
  } else if (secured === 'true') {
    const problem =
      'the tables have row-level security, and the store names no tenant to it: give the store the rls that migrate() got'
    findings.push(error('row_level_security', problem))
  }
  return findings
}

/** A sequence that is behind gives new sessions the keys of others. */
async function sequenceProblem(
  connection: Connection,
  { sessions }: TableNames,
): Promise<string | undefined> {
  const [found] = await connection.query(sequenceStatement, [sessions], false)
  if (found === undefined) return undefined
  const [sequence, last] = found as readonly [string, string]
  const behind = toStatement('check_keys', `select 1 from ${sessions} where skey > $1::bigint limit 1`)
  if ((await connection.query(behind, [last], false)).length === 0) return undefined
  return (
    `the sequence ${sequence} is behind the keys of the sessions, as on a server that was a logical replica, so new sessions ` +
    `get the keys of others: select setval('${sequence}', (select max(skey) from ${sessions}))`
  )
}

function versionProblem(version: number, names: TableNames): string | undefined {
  try {
    checkVersion(version, names)
    return undefined
  } catch (problem) {
    return (problem as Error).message
  }
}

async function checkPooler(
  connection: Connection,
  { source, prepare }: CheckedDatabase,
  until: number,
): Promise<StoreFinding[]> {
  try {
    await connection.script(['begin', 'rollback'])
    if (prepare && source.prepares) await prepareElsewhere(connection, source, until)
    return []
  } catch (problem) {
    if (judge(problem, { unknown: false }).unprepared === true) {
      const advice =
        'prepared statements do not last on these connections, as behind a pooler, or where the application sends DISCARD ALL: ' +
        'set `prepare: false` of the store, or `max_prepared_statements` of PgBouncer 1.21 or later'
      return [warning('pooler', advice)]
    }
    if (!/statement pooling/.test(String(problem))) throw problem
    const advice =
      'the pooler lends a connection for one statement, and some calls take several: set it to transactions'
    return [error('pooler', advice)]
  }
}

/** Prepares a statement, and runs it while another client holds the connection of the server on which it was prepared. */
async function prepareElsewhere(
  connection: Connection,
  source: ConnectionSource,
  until: number,
): Promise<void> {
  await connection.query(pidStatement, [], true)
  const soon = Math.min(until, performance.now() + patienceMs)
  let again: Promise<unknown> | undefined
  await source
    .use(soon, async (other) => {
      await other.script(['begin'])
      again = connection.query(pidStatement, [], true)
      await Promise.race([
        again.catch(() => {}),
        new Promise((resolve) => setTimeout(resolve, patienceMs / 2)),
      ])
      await other.script(['rollback'])
    })
    // Without a second connection there is nothing to find out.
    .catch(() => {})
  await again
}

function error(code: string, message: string): StoreFinding {
  return { level: 'error', code, message }
}

function warning(code: string, message: string): StoreFinding {
  return { level: 'warning', code, message }
}
