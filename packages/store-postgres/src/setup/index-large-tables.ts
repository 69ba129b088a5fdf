import { SessionError } from '@sessions/core/store'
import type { Connection, Row } from '../connection/database.js'
import { TimedOut } from '../connection/errors.js'
import { toStatement } from '../connection/statement.js'
import { labelColumns, labelIndex } from '../schema/migrations.js'
import type { TableNames } from '../schema/schema.js'

// A smaller table has its index within half a second, in the transaction of the migration.
const largeBytes = 64 * 1024 * 1024
const pauseMs = 100

// A command may come in the way of another process that migrates: a deadlock, an index that came or went meanwhile.
const metAnother = new Set(['40P01', '42P07', '42704', '23505', '55006'])

const timeouts = new Map([
  ['57014', 'statement_timeout'],
  ['55P03', 'lock_timeout'],
])

// The table, or its partitions: schema, name, whether there is an index that a command did not finish, whether one is
// being made. A role sees no progress of another role, but its lock, which is the one of a vacuum as well.
const unindexedStatement = toStatement(
  'unindexed',
  `select s.nspname, t.relname, (x.indexrelid is not null)::text as broken,
    (exists (select from pg_stat_progress_create_index p where p.relid = t.oid)
      or x.indexrelid is not null and exists (select from pg_locks l where l.relation = t.oid and l.granted
        and l.mode = 'ShareUpdateExclusiveLock'))::text as building
  from pg_class t
  join pg_namespace s on s.oid = t.relnamespace
  left join (pg_index x join pg_class i on i.oid = x.indexrelid)
    on x.indrelid = t.oid and i.relname = t.relname || $2
  where t.relkind = 'r' and (t.oid = to_regclass($1)
      or t.oid in (select inhrelid from pg_inherits where inhparent = to_regclass($1)))
    and not coalesce(x.indisvalid, false)
    and (x.indexrelid is not null or pg_relation_size(t.oid) >= $3::bigint)
  order by t.relname`,
)

/**
 * Makes the index by label of tables that are large, before the transaction of the migration, which then finds it
 * there: in a transaction, writes would have to wait for the index. Several processes may do so at once.
 *
 * @throws `store_failed` when the connection has a `statement_timeout` or a `lock_timeout` that is too short for it.
 */
export async function indexLargeTables(
  connection: Connection,
  { sessions }: TableNames,
  until: number,
): Promise<void> {
  let suspect: string | undefined
  for (;;) {
    const values = [sessions, labelIndex(''), largeBytes]
    const [table, ...others] = (await connection.query(unindexedStatement, values, false)).map(toTable)
    if (table === undefined) return
    const isBuilding = [table, ...others].some(({ building }) => building)
    // Another process may have finished an index a moment ago, and it looks broken until that is committed.
    const isSuspect = !isBuilding && table.broken && table.name !== suspect
    suspect = isSuspect ? table.name : undefined
    if (isBuilding || isSuspect || !(await indexed(connection, table))) await pause(until)
  }
}

type Unindexed = ReturnType<typeof toTable>

const toTable = ([schema, name, broken, building]: Row) => ({
  schema: String(schema),
  name: String(name),
  broken: broken === 'true',
  building: building === 'true',
})

/** False when another process came in the way. */
async function indexed(connection: Connection, { schema, name, broken }: Unindexed): Promise<boolean> {
  const drop = `drop index concurrently if exists "${schema}"."${labelIndex(name)}"`
  const index = `"${labelIndex(name)}" on "${schema}"."${name}" ${labelColumns}`
  try {
    if (broken) await connection.script([drop])
    await connection.script([`create index concurrently if not exists ${index}`])
    return true
  } catch (error) {
    if (error instanceof TimedOut) {
      const problem =
        'the index of a large table takes longer than timeoutMs: the server goes on with it, so call migrate() again later'
      throw new SessionError('unavailable', problem, { cause: error })
    }
    const code = String((error as { code?: unknown }).code)
    if (metAnother.has(code)) return false
    const setting = timeouts.get(code)
    if (setting === undefined) throw error
    // What was begun is still there, and \`if not exists\` would take it for the index.
    const create = `create index concurrently ${index.replace(/\s+/g, ' ')}`
    const problem =
      `the ${setting} of the connection, or of its role, is too short for the index of a large table: give migrate() a ` +
      `connection without one, or make the index first, with psql: set ${setting} = 0; ${drop}; ${create}`
    throw new SessionError('store_failed', problem, { cause: error })
  }
}

// Two that come in the way of each other do not begin again at the same moment.
async function pause(until: number): Promise<void> {
  const ms = pauseMs * (1 + Math.random())
  if (performance.now() + ms >= until) {
    throw new SessionError(
      'unavailable',
      'another process is making the index of a large table: call migrate() again',
    )
  }
  await new Promise((resolve) => setTimeout(resolve, ms))
}
