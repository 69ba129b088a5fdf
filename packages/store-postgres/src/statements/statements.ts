import type { TableNames } from '../schema/schema.js'
import { hourOf, isLive, momentMs, nowMs } from '../schema/sql-clock.js'
import { toStatement, type Statement } from '../connection/statement.js'

/** The statements of every commit and every read: each call needs one of them. */
export interface HotStatements {
  /**
   * $1 tenant, $2 id, $3 incarnation, $4 idleMs, $5 absoluteMs, $6 message ids, $7 payloads, $8 bytes of the payloads,
   * $9 maxSeq, $10 maxBytes, $11 owner.
   */
  append: Statement
  /** As `append`, for one message: $6 its id, $7 its payload. It gives no row when anything stands in the way. */
  appendOne: Statement
  /**
   * As `append` up to $10, then $11 body, $12 userId, $13 label, $14 title, $15 whether there is a lifetime, $16 its
   * idleMs, $17 its absoluteMs, for a session that must not exist.
   */
  create: Statement
  /** As `create`, then $18 revision, $19 owner, for a session that must exist. */
  change: Statement
  /**
   * Appends to many sessions. By session: $1 tenants, $2 ids, $3 incarnations, $4 idleMs, $5 absoluteMs, $6 counts of
   * messages, $7 owners, $8 counts of commits, $9 bytes of the payloads, $10 maxSeq, $11 maxBytes; by message: $12
   * number of the session (from 1), $13 number in the session (from 1), $14 ids, $15 payloads.
   */
  appendMany: Statement
  /** $1 tenant, $2 id. */
  read: Statement
  /** $1 tenant, $2 id, $3 how many messages, $4 how many bytes of them. */
  readTail: Statement
  /** $1 tenants, $2 ids, $3 how many messages of each, $4 how many bytes of them. */
  readMany: Statement
}

/** The columns of a record, in the order in which `parseStoredRecord` reads them. */
export const recordColumns = {
  required: [
    'incarnation',
    'revision',
    'changes',
    'last_seq',
    'trimmed_seq',
    'bytes',
    'created_at',
    'updated_at',
    'active_at',
  ],
  optional: ['expires_at', 'idle_ms', 'absolute_ms', 'user_id', 'label', 'title'],
} as const

/**
 * The record of the session aliased `t`, as one text that `parseStoredRecord` reads: each column of an answer costs the
 * driver more than its text.
 */
export function recordOf(t: string): string {
  const { required, optional } = recordColumns
  const columns = [
    ...required.map((name) => `${t}.${name}`),
    ...optional.map((name) => `coalesce(${t}.${name}::text, '')`),
  ]
  return `concat_ws(E'\\x1f', ${columns.join(', ')})`
}

/** How often an append may move `active_at`, which is indexed. */
export const activityStepMs = 60_000

// The statements leave a row with impossible values as it is. A sum is null when one of its terms is null.
const isSound = (
  t: string,
) => `${t}.revision >= 1 and ${t}.trimmed_seq >= 0 and ${t}.last_seq >= ${t}.trimmed_seq and ${t}.bytes >= 0
  and ${t}.created_at + ${t}.updated_at + ${t}.active_at + ${t}.changes > 0 and ${t}.incarnation is not null`

// The clock of the server may be set back; times of a session do not go back with it.
const updatedAt = (alias: string) => `greatest(${alias}.updated_at, ${nowMs})`

/** The deadline that a commit asks for, and how much the commit adds: expressions of SQL. */
interface Touch {
  readonly count: string
  readonly bytes: string
  readonly idle: string
  readonly absolute: string
  readonly commits?: string
  /** The lifetime of its own that the session has afterwards (default: the one it had before). */
  readonly own?: { readonly idle: string; readonly absolute: string }
}

// The bounds of the session's own lifetime go before those of the commit; -1 is for ever.
const lasting = (own: string, given: string) => `nullif(coalesce(${own}, ${given}), -1)`

const touched = (alias: string, touch: Touch) => {
  const { count, bytes, commits = '1' } = touch
  const { own = { idle: `${alias}.idle_ms`, absolute: `${alias}.absolute_ms` } } = touch
  const idle = lasting(own.idle, touch.idle)
  const absolute = lasting(own.absolute, touch.absolute)
  const deadline = `least(${updatedAt(alias)} + ${idle}, ${alias}.created_at + ${absolute})`
  const unlessGiven = (column: string, value: string) =>
    `${column} = case when ${idle} is null and ${absolute} is null then ${alias}.${column} else ${value} end`
  return `
  last_seq = ${alias}.last_seq + ${count},
  bytes = ${alias}.bytes + ${bytes},
  changes = ${alias}.changes + ${commits},
  updated_at = ${updatedAt(alias)},
  active_at = case when ${nowMs} - ${alias}.active_at >= ${activityStepMs} then ${nowMs} else ${alias}.active_at end,
  ${unlessGiven('expires_at', deadline)},
  ${unlessGiven('expires_bucket', hourOf(deadline))}`
}

const countGiven = 'cardinality($6::text[])'

// The row lock of `s` keeps seq without gaps: only the holder of the lock knows the new last_seq. An id that is there
// already fails the whole statement by the unique index, whatever the statement's snapshot could see.
const insertGiven = (messages: string) => `
  insert into ${messages} (tenant_id, session_key, seq, at, id, payload)
  select $1, s.skey, s.last_seq - ${countGiven} + m.n, s.updated_at, m.id, m.payload
  from s, unnest($6::text[], $7::text[]) with ordinality as m(id, payload, n)`

// Where the sequence of the keys is behind its rows, a new session gets the key of another one, and its end would delete
// the messages of that one. To insert one of those again fails the statement. A function that the server takes for
// expensive keeps it from looking through the table, also when it makes the plan while the table is small.
const strangers = (messages: string) => `
  select m.tenant_id, m.session_key, m.seq, m.at, m.id, m.payload
  from s cross join lateral (
    select * from ${messages} m
    where m.tenant_id = $1 and m.session_key = s.skey and to_tsvector('simple', m.id) is not null
    limit 1
  ) m`

// New messages are appended only where they have room.
const hasRoom = (
  t: string,
  { count, bytes, maxSeq, maxBytes }: Record<'count' | 'bytes' | 'maxSeq' | 'maxBytes', string>,
) => `${t}.last_seq::bigint + ${count} <= ${maxSeq} and ${t}.bytes + ${bytes} <= ${maxBytes}`

// The session after the change. Without a change: the session that stands in the way, as the statement found it.
const outcome = (sessions: string) => `
  select 'done', s.record from s
  union all
  select case when ${isLive('t')} then 'live' else 'gone' end, ${recordOf('t')} from ${sessions} t
  where t.tenant_id = $1 and t.id = $2 and not exists (select from s)`

// How many messages there are, then from the newest on as many as have room, but at least one. `octet_length` does not
// fetch a long payload, and the server never fetches a payload that is left out.
const tailOf = (messages: string, tenant: string, count: string, bytes: string) => `(
  select count(m.id || m.at || octet_length(m.payload)) || coalesce(string_agg(E'\\x1e' || m.id || E'\\x1f' || m.at || E'\\x1f' || m.payload, '')
    filter (where m.bytes <= ${bytes} or m.seq = s.last_seq), '')
  from (
    select m.seq, m.id, m.at, m.payload,
      sum(octet_length(m.payload)) over (order by m.seq desc rows unbounded preceding) as bytes
    from ${messages} m
    where m.tenant_id = ${tenant} and m.session_key = s.skey and m.seq > s.last_seq - ${count}
      and m.seq <= s.last_seq
    order by m.seq desc) m) as tail`

export function toHotStatements({ sessions, messages }: TableNames): HotStatements {
  const one = (
    owner: string,
    count: string,
  ) => `t.tenant_id = $1 and t.id = $2 and ${isSound('t')} and ${isLive('t', momentMs)}
    and t.incarnation = coalesce($3::text, t.incarnation) and (${owner}::text is null or t.user_id = ${owner})
    and ${hasRoom('t', { count, bytes: '$8::bigint', maxSeq: '$9::bigint', maxBytes: '$10::bigint' })}`
  const returning = `returning t.skey, t.last_seq, t.updated_at, ${recordOf('t')} as record`
  const given = { idle: '$4::bigint', absolute: '$5::bigint', bytes: '$8::bigint' }
  const firstDeadline = `least(${nowMs} + ${lasting('$16::bigint', given.idle)}, ${nowMs} + ${lasting('$17::bigint', given.absolute)})`
  const ownOr = (value: string, column: string) =>
    `case when $15::boolean then ${value}::bigint else t.${column} end`
  const own = { idle: ownOr('$16', 'idle_ms'), absolute: ownOr('$17', 'absolute_ms') }
  const named = (column: string, param: string) =>
    `${column} = nullif(coalesce(${param}::text, t.${column}), '')`
  return {
    append: toStatement(
      'append',
      `with s as (
        update ${sessions} t set ${touched('t', { ...given, count: countGiven })} where ${one('$11', countGiven)} ${returning}
      ), i as (${insertGiven(messages)})
      ${outcome(sessions)}`,
    ),
    appendOne: toStatement(
      'append_one',
      `with s as (
        update ${sessions} t set ${touched('t', { ...given, count: '1' })} where ${one('$11', '1')} ${returning}
      ), i as (
        insert into ${messages} (tenant_id, session_key, seq, at, id, payload)
        select $1, s.skey, s.last_seq, s.updated_at, $6::text, $7::text from s
      )
      select 'done', s.record from s`,
    ),
    change: toStatement(
      'change',
      `with s as (
        update ${sessions} t set ${touched('t', { ...given, count: countGiven, own })},
          revision = case when $11::text is null then t.revision else t.revision + 1 end,
          body = coalesce($11::text, t.body), idle_ms = ${own.idle}, absolute_ms = ${own.absolute},
          ${named('user_id', '$12')}, ${named('label', '$13')}, ${named('title', '$14')}
        where ${one('$19', countGiven)} and ($18::bigint is null or t.revision = $18)
        ${returning}
      ), i as (${insertGiven(messages)})
      ${outcome(sessions)}`,
    ),
    create: toStatement(
      'create',
      `with s as (
        insert into ${sessions} as t (tenant_id, id, incarnation, revision, changes, last_seq, bytes, created_at, updated_at,
          active_at, expires_at, expires_bucket, idle_ms, absolute_ms, user_id, label, title, body)
        select $1, $2, $3, 1, 1, ${countGiven}, $8::bigint, ${nowMs}, ${nowMs}, ${nowMs},
          ${firstDeadline}, ${hourOf(firstDeadline)}, $16::bigint, $17::bigint,
          nullif($12::text, ''), nullif($13::text, ''), nullif($14::text, ''), $11::text
        where $15::boolean is not null and ${countGiven} <= $9::bigint and $8::bigint <= $10::bigint
        on conflict (tenant_id, id) do nothing
        ${returning}
      ), i as (${insertGiven(messages)} union all ${strangers(messages)})
      ${outcome(sessions)}`,
    ),
    // The statement passes over rows that another transaction holds, so that a batch neither waits nor deadlocks. A
    // commit whose row does not come back is tried alone. Sub-selects keep their place, so the statement finds each
    // session by its key even when the server made the plan while the table was small.
    appendMany: toStatement(
      'append_many',
      `with l as (
        select t.tenant_id, t.id, g.n, g.idle, g.absolute, g.count, g.commits, g.bytes
        from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::integer[], $7::text[], $8::integer[],
          $9::bigint[], $10::bigint[], $11::bigint[])
          with ordinality as g(tenant_id, id, incarnation, idle, absolute, count, owner, commits, bytes, max_seq, max_bytes, n)
        cross join lateral (
          select t.tenant_id, t.id from ${sessions} t where t.tenant_id = g.tenant_id and t.id = g.id
            and ${isSound('t')} and ${isLive('t', momentMs)} and t.incarnation = coalesce(g.incarnation, t.incarnation)
            and (g.owner is null or t.user_id = g.owner)
            and ${hasRoom('t', { count: 'g.count', bytes: 'g.bytes', maxSeq: 'g.max_seq', maxBytes: 'g.max_bytes' })}
          for update skip locked
        ) t
      ), s as (
        update ${sessions} t set ${touched('t', { count: 'l.count', bytes: 'l.bytes', idle: 'l.idle', absolute: 'l.absolute', commits: 'l.commits' })}
        from l where t.tenant_id = l.tenant_id and t.id = l.id
        ${returning}, l.n, l.count, t.tenant_id
      ), i as (
        insert into ${messages} (tenant_id, session_key, seq, at, id, payload)
        select s.tenant_id, s.skey, s.last_seq - s.count + m.k, s.updated_at, m.id, m.payload
        from unnest($12::integer[], $13::integer[], $14::text[], $15::text[]) as m(n, k, id, payload)
        join s on s.n = m.n
      )
      select s.n::text, s.record from s`,
    ),
    read: toStatement(
      'read',
      `select ${recordOf('s')} as record, s.body from ${sessions} s where s.tenant_id = $1 and s.id = $2 and ${isLive('s')}`,
    ),
    readTail: toStatement(
      'read_tail',
      `select ${recordOf('s')} as record, s.body, ${tailOf(messages, '$1', '$3::bigint', '$4::bigint')}
      from ${sessions} s where s.tenant_id = $1 and s.id = $2 and ${isLive('s')}`,
    ),
    readMany: toStatement(
      'read_many',
      `select g.n::text, s.record, s.body, s.tail
      from unnest($1::text[], $2::text[], $3::bigint[]) with ordinality as g(tenant_id, id, tail, n)
      cross join lateral (
        select ${recordOf('s')} as record, s.body, ${tailOf(messages, 'g.tenant_id', 'g.tail', '$4::bigint')}
        from ${sessions} s where s.tenant_id = g.tenant_id and s.id = g.id and ${isLive('s')}
        offset 0
      ) s`,
    ),
  }
}
