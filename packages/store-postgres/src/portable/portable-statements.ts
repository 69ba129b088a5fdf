import { assignments } from '../statements/copy-statements.js'
import { named, type NamedStatement } from '../connection/named-statement.js'
import type { TableNames } from '../schema/schema.js'
import { hourOf, isLive, nowMs } from '../schema/sql-clock.js'
import { recordColumns } from '../statements/statements.js'
import type { ChangedRow, NewRow } from './changed-row.js'

const namedColumns = {
  revision: ':revision::bigint',
  changes: ':changes::bigint',
  last_seq: ':last_seq::integer',
  bytes: ':bytes::bigint',
  idle_ms: ':idle_ms::bigint',
  absolute_ms: ':absolute_ms::bigint',
  user_id: ':user_id::text',
  label: ':label::text',
  title: ':title::text',
}
const changedColumns = {
  ...namedColumns,
  updated_at: ':updated_at::bigint',
  active_at: ':active_at::bigint',
  expires_at: ':expires_at::bigint',
  expires_bucket: ':expires_bucket::integer',
} satisfies Record<keyof ChangedRow, string>

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

const live = isLive('t')
const thisSession = 't.tenant_id = :tenant::text and t.id = :id::text'
const itsMessages = 'm.tenant_id = :tenant::text and m.session_key = :key::bigint'
const record = [...recordColumns.required, ...recordColumns.optional]

export function toPortableStatements(names: TableNames): PortableStatements {
  const { sessions, messages } = names
  return {
    lock: named(
      'portable_lock',
      `select t.skey::text as skey, ${nowMs}::text as now, ${record.map((name) => `t.${name}::text as ${name}`).join(', ')}
      from ${sessions} as t
      where ${thisSession}
      for update`,
    ),
    create: named('portable_create', create(names)),
    change: named(
      'portable_change',
      `update ${sessions} as t
      set ${assignments({ ...changedColumns, body: 'coalesce(:body::text, t.body)' })}
      where ${thisSession} and ${live}
      returning t.skey`,
    ),
    addMessages: bySize((count) =>
      named(
        `portable_add_${count}`,
        `insert into ${messages} (tenant_id, session_key, seq, at, id, payload) values ${each(
          count,
          (n) =>
            `(:tenant::text, :key::bigint, :seq${n}::integer, :at${n}::bigint, :id${n}::text, :payload${n}::text)`,
        ).join(', ')}`,
      ),
    ),
    sizes: named(
      'portable_sizes',
      `select m.seq::text as seq, octet_length(m.payload)::text as bytes
      from ${messages} as m
      where ${itsMessages} and m.seq = any(:seqs::bigint[])`,
    ),
    grow: named(
      'portable_grow',
      `update ${sessions} as t set changes = t.changes + 1, bytes = greatest(t.bytes + :grown::bigint, 0)
      where ${thisSession} and ${live}
      returning t.skey`,
    ),
    amendMessages: bySize((count) =>
      named(
        `portable_amend_${count}`,
        `update ${messages} as m
        set payload = case m.seq ${each(count, (n) => `when :seq${n}::integer then :payload${n}::text`).join(' ')} end
        where ${itsMessages} and m.seq in (${each(count, (n) => `:seq${n}::integer`).join(', ')})`,
      ),
    ),
    dropped: named(
      'portable_dropped',
      `select count(*)::text as count, sum(octet_length(m.payload))::text as bytes
      from ${messages} as m
      where ${itsMessages} and m.seq <= :seq::bigint`,
    ),
    dropMessages: named(
      'portable_drop',
      `delete from ${messages} as m where ${itsMessages} and m.seq <= :seq::bigint`,
    ),
    shrink: named(
      'portable_shrink',
      `update ${sessions} as t set bytes = greatest(t.bytes - :bytes::bigint, 0) where ${thisSession}`,
    ),
    candidates: named(
      'portable_candidates',
      `select t.tenant_id, t.id
      from ${sessions} as t
      where t.expires_bucket <= (${nowMs} / 3600000)::integer and t.expires_at <= ${nowMs}
      order by t.expires_bucket
      limit :limit::bigint`,
    ),
    lockExpired: named(
      'portable_lock_expired',
      `select t.id, t.skey::text as skey, t.incarnation, (t.last_seq - t.trimmed_seq)::text as count
      from ${sessions} as t
      where t.tenant_id = :tenant::text and t.id = any(:ids::text[]) and t.expires_at <= ${nowMs}
      limit :limit::bigint
      for update skip locked`,
    ),
    removeMessages: named(
      'portable_remove_messages',
      `delete from ${messages} as m where m.tenant_id = :tenant::text and m.session_key = any(:keys::bigint[])`,
    ),
    removeSessions: named(
      'portable_remove_sessions',
      `delete from ${sessions} as t where t.tenant_id = :tenant::text and t.id = any(:ids::text[]) returning t.id`,
    ),
  }
}

// The clock is read by the statement that stores the session, because there was no row yet that could have told it.
function create({ sessions }: TableNames): string {
  const deadline = `${nowMs} + :lifeMs::bigint`
  const columns = {
    ...namedColumns,
    incarnation: ':incarnation::text',
    tenant_id: ':tenant::text',
    id: ':id::text',
    body: ':body::text',
    trimmed_seq: '0',
    created_at: nowMs,
    updated_at: nowMs,
    active_at: nowMs,
    expires_at: deadline,
    expires_bucket: hourOf(deadline),
  }
  return `insert into ${sessions} (${Object.keys(columns).join(', ')})
    values (${Object.values(columns).join(', ')})
    on conflict (tenant_id, id) do nothing
    returning skey, created_at`
}

const each = (count: number, text: (n: number) => string): string[] =>
  Array.from({ length: count }, (_, n) => text(n))

function bySize(make: (count: number) => NamedStatement): (count: number) => NamedStatement {
  const made = new Map<number, NamedStatement>()
  return (count) => {
    let statement = made.get(count)
    if (statement === undefined) made.set(count, (statement = make(count)))
    return statement
  }
}
