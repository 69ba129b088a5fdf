import { type Kysely, type RawBuilder, sql } from 'kysely'
import { compile, createQueryBuilder, type NamedStatement, param, text } from '../query-builder.js'
import type { SessionTables, TableNames } from '../schema.js'
import { isLive, nowMs } from '../sql-clock.js'
import { recordColumns } from '../statements.js'
import type { ChangedRow, NewRow } from './changed-row.js'

const namedColumns = {
  revision: param<number>('revision', 'bigint'),
  changes: param<number>('changes', 'bigint'),
  last_seq: param<number>('last_seq', 'integer'),
  bytes: param<number>('bytes', 'bigint'),
  idle_ms: param<number | null>('idle_ms', 'bigint'),
  absolute_ms: param<number | null>('absolute_ms', 'bigint'),
  user_id: param<string | null>('user_id', 'text'),
  label: param<string | null>('label', 'text'),
  title: param<string | null>('title', 'text'),
}
const changedColumns = {
  ...namedColumns,
  updated_at: param<number>('updated_at', 'bigint'),
  active_at: param<number>('active_at', 'bigint'),
  expires_at: param<number | null>('expires_at', 'bigint'),
  expires_bucket: param<number | null>('expires_bucket', 'integer'),
} satisfies Record<keyof ChangedRow, RawBuilder<unknown>>

/**
 * The statements of the portable mode. Each is about rows of one tenant, which it names; each changes one table; none
 * calls a function in `CASE`, `COALESCE` or `RETURNING`; and only `candidates` is about several tenants, and locks nothing.
 */
export interface PortableStatements {
  /** Holds the row of a session: its key, the server's clock, then the columns of a record. */
  lock: NamedStatement<'tenant' | 'id'>
  /** Stores a session that must not exist: its key, and the server's clock. No row when there is one. */
  create: NamedStatement<'tenant' | 'id' | 'body' | keyof NewRow>
  /** Changes a session that is held, unless its deadline came meanwhile: its key. */
  change: NamedStatement<'tenant' | 'id' | 'body' | keyof ChangedRow>
  /** Adds so many messages: `seq0`, `at0`, `id0`, `payload0` and so on. */
  addMessages: (count: number) => NamedStatement
  /** The messages of those seqs: seq, bytes. */
  sizes: NamedStatement<'tenant' | 'key' | 'seqs'>
  /** Adds to `changes` and to `bytes` of a session that is held, unless its deadline came meanwhile: its key. */
  grow: NamedStatement<'tenant' | 'id' | 'grown'>
  /** Replaces so many payloads: `seq0`, `payload0` and so on. */
  amendMessages: (count: number) => NamedStatement
  /** The messages up to `seq`: how many, and their bytes. */
  dropped: NamedStatement<'tenant' | 'key' | 'seq'>
  dropMessages: NamedStatement<'tenant' | 'key' | 'seq'>
  /** Takes from `bytes` of a session. */
  shrink: NamedStatement<'tenant' | 'id' | 'bytes'>
  /** Sessions of any tenant that are past their deadline: tenant, id. */
  candidates: NamedStatement<'limit'>
  /** Holds those of a tenant's sessions that are past their deadline and that nobody holds: id, key, incarnation, count. */
  lockExpired: NamedStatement<'tenant' | 'ids' | 'limit'>
  removeMessages: NamedStatement<'tenant' | 'keys'>
  /** The id of each session that there was. */
  removeSessions: NamedStatement<'tenant' | 'ids'>
}

const tenant = param<string>('tenant', 'text')
const id = param<string>('id', 'text')
const key = param<string>('key', 'bigint')
const seq = param<number>('seq', 'bigint')
const now = sql.raw<number>(nowMs)
const live = sql.raw<boolean>(isLive('t'))
const anyOf = <T>(name: string, type: string) => sql<T>`any(${param(name, type)})`

export function toPortableStatements(names: TableNames): PortableStatements {
  const db = createQueryBuilder(names)
  return {
    lock: compile(
      'portable_lock',
      db
        .selectFrom('sessions as t')
        .select([text('t.skey').as('skey'), sql<string>`${now}::text`.as('now')])
        .select(
          [...recordColumns.required, ...recordColumns.optional].map((name) => text(`t.${name}`).as(name)),
        )
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', id)
        .forUpdate(),
    ),
    create: compile('portable_create', create(db)),
    change: compile(
      'portable_change',
      db
        .updateTable('sessions as t')
        .set({ ...changedColumns, body: sql`coalesce(${param('body', 'text')}, t.body)` })
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', id)
        .where(live)
        .returning('t.skey'),
    ),
    addMessages: bySize((count) =>
      compile(
        `portable_add_${count}`,
        db.insertInto('session_messages').values(
          Array.from({ length: count }, (_, n) => ({
            tenant_id: tenant,
            session_key: key,
            seq: param<number>(`seq${n}`, 'integer'),
            at: param<number>(`at${n}`, 'bigint'),
            id: param<string>(`id${n}`, 'text'),
            payload: param<string>(`payload${n}`, 'text'),
          })),
        ),
      ),
    ),
    sizes: compile(
      'portable_sizes',
      db
        .selectFrom('session_messages as m')
        .select([text('m.seq').as('seq'), sql<string>`octet_length(m.payload)::text`.as('bytes')])
        .where('m.tenant_id', '=', tenant)
        .where('m.session_key', '=', key)
        .where('m.seq', '=', anyOf<number>('seqs', 'bigint[]')),
    ),
    grow: compile(
      'portable_grow',
      db
        .updateTable('sessions as t')
        .set({ changes: sql`t.changes + 1`, bytes: sql`t.bytes + ${param('grown', 'bigint')}` })
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', id)
        .where(live)
        .returning('t.skey'),
    ),
    amendMessages: bySize((count) => compile(`portable_amend_${count}`, amendMessages(db, count))),
    dropped: compile(
      'portable_dropped',
      db
        .selectFrom('session_messages as m')
        .select(sql<string>`count(*)::text`.as('count'))
        .select(sql<string | null>`sum(octet_length(m.payload))::text`.as('bytes'))
        .where('m.tenant_id', '=', tenant)
        .where('m.session_key', '=', key)
        .where('m.seq', '<=', seq),
    ),
    dropMessages: compile(
      'portable_drop',
      db
        .deleteFrom('session_messages as m')
        .where('m.tenant_id', '=', tenant)
        .where('m.session_key', '=', key)
        .where('m.seq', '<=', seq),
    ),
    shrink: compile(
      'portable_shrink',
      db
        .updateTable('sessions as t')
        .set({ bytes: sql`greatest(t.bytes - ${param('bytes', 'bigint')}, 0)` })
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', id),
    ),
    candidates: compile(
      'portable_candidates',
      db
        .selectFrom('sessions as t')
        .select(['t.tenant_id', 't.id'])
        .where('t.expires_bucket', '<=', sql<number>`(${now} / 3600000)::integer`)
        .where('t.expires_at', '<=', now)
        .orderBy('t.expires_bucket')
        .limit(param<number>('limit', 'bigint')),
    ),
    lockExpired: compile(
      'portable_lock_expired',
      db
        .selectFrom('sessions as t')
        .select(['t.id', text('t.skey').as('skey'), 't.incarnation'])
        .select(sql<string>`(t.last_seq - t.trimmed_seq)::text`.as('count'))
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', anyOf<string>('ids', 'text[]'))
        .where('t.expires_at', '<=', now)
        .limit(param<number>('limit', 'bigint'))
        .forUpdate()
        .skipLocked(),
    ),
    removeMessages: compile(
      'portable_remove_messages',
      db
        .deleteFrom('session_messages as m')
        .where('m.tenant_id', '=', tenant)
        .where('m.session_key', '=', anyOf<string>('keys', 'bigint[]')),
    ),
    removeSessions: compile(
      'portable_remove_sessions',
      db
        .deleteFrom('sessions as t')
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', anyOf<string>('ids', 'text[]'))
        .returning('t.id'),
    ),
  }
}

// The clock is read by the statement that stores the session, because there was no row yet that could have told it.
function create(db: Kysely<SessionTables<''>>) {
  const deadline = sql<number>`${now} + ${param('lifeMs', 'bigint')}`
  return db
    .insertInto('sessions')
    .values({
      ...namedColumns,
      incarnation: param<string>('incarnation', 'text'),
      tenant_id: tenant,
      id,
      body: param<string>('body', 'text'),
      trimmed_seq: sql.lit(0),
      created_at: now,
      updated_at: now,
      active_at: now,
      expires_at: deadline,
      expires_bucket: sql<number>`least((${deadline}) / 3600000, 2147483647)::integer`,
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doNothing())
    .returning(['skey', 'created_at'])
}

function amendMessages(db: Kysely<SessionTables<''>>, count: number) {
  const seqs = Array.from({ length: count }, (_, n) => param<number>(`seq${n}`, 'integer'))
  const cases = seqs.map((seq, n) => sql`when ${seq} then ${param(`payload${n}`, 'text')}`)
  return db
    .updateTable('session_messages as m')
    .set({ payload: sql<string>`case m.seq ${sql.join(cases, sql` `)} end` })
    .where('m.tenant_id', '=', tenant)
    .where('m.session_key', '=', key)
    .where('m.seq', 'in', seqs)
}

function bySize(make: (count: number) => NamedStatement): (count: number) => NamedStatement {
  const made = new Map<number, NamedStatement>()
  return (count) => {
    let statement = made.get(count)
    if (statement === undefined) made.set(count, (statement = make(count)))
    return statement
  }
}
