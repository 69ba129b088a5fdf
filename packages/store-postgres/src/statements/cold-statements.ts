import { maxPageBytes } from '@sessions/core/store'
import { type CopyStatements, copyStatements } from './copy-statements.js'
import { named, type NamedStatement } from '../connection/named-statement.js'
import type { TableNames } from '../schema/schema.js'
import { isLive, nowMs } from '../schema/sql-clock.js'
import { recordOf } from './statements.js'

/**
 * The form of a list. A list has many forms, because an index serves each of them only when the text names no absent
 * filter.
 */
export interface ListForm {
  user: boolean
  label: boolean
  cursor: boolean
}

/** The statements that not every request needs. */
export interface ColdStatements extends CopyStatements {
  /** Locks a session: `live` or `gone`, its record, its key. */
  lock: NamedStatement<'tenant' | 'id'>
  /** The messages of those ids that are stored: id, seq, at, payload. */
  find: NamedStatement<'tenant' | 'key' | 'ids'>
  /** Deletes a session of at most so many messages: its key, and whether it was live. */
  removeSession: NamedStatement<'tenant' | 'id' | 'incarnation' | 'changes' | 'most'>
  /** Makes a session absent, under an id that nobody can ask for: its key, and whether it was live. */
  bury: NamedStatement<'tenant' | 'id' | 'incarnation' | 'changes' | 'hiddenId'>
  removeMessages: NamedStatement<'tenant' | 'key'>
  /** The last seq that one step may drop, and the newest seq; no row when there are no messages up to `seq`. */
  stepEnd: NamedStatement<'tenant' | 'id' | 'seq' | 'incarnation'>
  /** Moves `trimmed_seq`, for a session past its deadline too when it may be `dead`: key, and the new `trimmed_seq`. */
  trimSession: NamedStatement<'tenant' | 'id' | 'seq' | 'incarnation' | 'changes' | 'dead'>
  /** How many messages there were. */
  trimMessages: NamedStatement<'tenant' | 'id' | 'key' | 'seq'>
  /** The seq of each message that was there. */
  amend: NamedStatement<'tenant' | 'id' | 'seqs' | 'payloads' | 'incarnation' | 'changes'>
  /**
   * The record, then seq, id, at, payload, and whether the message is over what the page holds; one row of nulls when
   * the page is empty.
   */
  page: Record<'asc' | 'desc', NamedStatement<'tenant' | 'id' | 'after' | 'before' | 'limit'>>
  /** Locks expired sessions that no other transaction holds: tenant, id, key, incarnation, how many messages it has. */
  expired: NamedStatement<'limit'>
  sweepMessages: NamedStatement<'tenants' | 'keys'>
  /** How many sessions there were. */
  sweepSessions: NamedStatement<'tenants' | 'ids'>
  /** Tenant-wide pages: id, the record, when it was active. */
  list: (form: ListForm) => NamedStatement<'tenant' | 'user' | 'label' | 'activeAt' | 'afterId' | 'limit'>
}

// One transaction may delete so much: it then holds its locks, and the server, for a moment only.
const maxStepMessages = 5000
const maxStepBytes = 8 * maxPageBytes

const live = isLive('t')
const record = `${recordOf('t')} as record`
const thisSession = 't.tenant_id = :tenant::text and t.id = :id::text'
// Whether the session is of the wanted incarnation; null means any.
const isMeant = '(:incarnation::text is null or t.incarnation = :incarnation::text)'
const isUnchanged = '(:changes::bigint is null or t.changes = :changes::bigint)'
const itsMessages = 'm.tenant_id = :tenant::text and m.session_key = :key::bigint'

export function toColdStatements(names: TableNames): ColdStatements {
  const { sessions, messages } = names
  const lists = new Map<string, ReturnType<ColdStatements['list']>>()
  return {
    lock: named(
      'lock',
      `select case when ${live} then 'live' else 'gone' end as state, ${record}, t.skey::text as skey
      from ${sessions} as t
      where ${thisSession}
      for update`,
    ),
    find: named(
      'find',
      `select m.id, m.seq::text as seq, m.at::text as at, m.payload
      from ${messages} as m
      where ${itsMessages} and m.id = any(:ids::text[])`,
    ),
    removeSession: named(
      'remove_session',
      `delete from ${sessions} as t
      where ${thisSession} and ${isMeant} and ${isUnchanged}
        and coalesce(t.last_seq - t.trimmed_seq, 0) <= :most::bigint
      returning t.skey::text as skey, ${live}::text as live`,
    ),
    removeMessages: named('remove_messages', `delete from ${messages} as m where ${itsMessages}`),
    bury: named(
      'bury',
      `update ${sessions} as t set id = :hiddenId::text, expires_at = 1, expires_bucket = 0
      where ${thisSession} and ${isMeant} and ${isUnchanged} and ${live}
      returning t.skey::text as skey`,
    ),
    stepEnd: named('step_end', stepEnd(names)),
    trimSession: named(
      'trim_session',
      `update ${sessions} as t
      set trimmed_seq = least(:seq::bigint, t.last_seq), changes = t.changes + 1
      where ${thisSession} and (${live} or :dead::boolean) and ${isMeant} and ${isUnchanged}
        and t.trimmed_seq < least(:seq::bigint, t.last_seq)
      returning t.skey::text as skey, t.trimmed_seq::text as trimmed_seq`,
    ),
    trimMessages: named(
      'trim_messages',
      `with gone as (
        delete from ${messages} as m where ${itsMessages} and m.seq <= :seq::bigint
        returning octet_length(m.payload) as size
      ), s as (
        update ${sessions} as t
        set bytes = greatest(t.bytes - (select coalesce(sum(size), 0) from gone), 0)
        where ${thisSession}
        returning t.skey
      )
      select count(*)::text as count from gone`,
    ),
    amend: named('amend', amend(names)),
    ...copyStatements(names),
    page: { asc: named('page_asc', page(names, 'asc')), desc: named('page_desc', page(names, 'desc')) },
    expired: named(
      'expired',
      `select t.tenant_id, t.id, t.skey::text as skey, t.incarnation,
        (t.last_seq - t.trimmed_seq)::text as count
      from ${sessions} as t
      where t.expires_bucket <= (${nowMs} / 3600000)::integer and t.expires_at <= ${nowMs}
      order by t.expires_bucket
      limit :limit::bigint
      for update skip locked`,
    ),
    sweepMessages: named(
      'sweep_messages',
      `delete from ${messages} as m using unnest(:tenants::text[], :keys::bigint[]) as given(tenant, key)
      where m.tenant_id = given.tenant and m.session_key = given.key`,
    ),
    sweepSessions: named(
      'sweep_sessions',
      `with gone as (
        delete from ${sessions} as t using unnest(:tenants::text[], :ids::text[]) as given(tenant, id)
        where t.tenant_id = given.tenant and t.id = given.id
        returning t.skey
      )
      select count(*)::text as count from gone`,
    ),
    list(form) {
      const verb = ['list', form.user && 'user', form.label && 'label', form.cursor && 'on']
        .filter(Boolean)
        .join('_')
      let statement = lists.get(verb)
      if (statement === undefined) lists.set(verb, (statement = named(verb, list(names, form))))
      return statement
    },
  }
}

// The statement takes the session first, as every write does, so that no two writes wait for each other.
function amend({ sessions, messages }: TableNames): string {
  const given = 'unnest(:seqs::bigint[], :payloads::text[]) as given(seq, payload)'
  const replaced = `from ${messages} as m inner join ${given} on m.seq = given.seq
      where m.tenant_id = :tenant::text and m.session_key = t.skey`
  return `with s as (
      update ${sessions} as t
      set changes = t.changes + 1,
        bytes = greatest(0, t.bytes + (
          select coalesce(sum(octet_length(given.payload) - octet_length(m.payload)), 0) as grown ${replaced}
        ))
      where ${thisSession} and ${live} and ${isMeant} and ${isUnchanged} and exists (select ${replaced})
      returning t.skey
    ), a as (
      update ${messages} as m set payload = given.payload
      from s, ${given}
      where m.tenant_id = :tenant::text and m.session_key = s.skey and m.seq = given.seq
      returning m.seq::text as seq
    )
    select a.seq from a`
}

// Where a page is cut by bytes, the next message comes without its payload. So the store can tell a cut page from a gap
// in the log. `octet_length` does not fetch a long payload, and the server never fetches a payload that is left out.
function page({ sessions, messages }: TableNames, order: 'asc' | 'desc'): string {
  const isOver = `(m.bytes > ${maxPageBytes} and m.n > 1)`
  const soFar = `(order by m.seq ${order} rows unbounded preceding)`
  return `select ${record}, m.seq::text as seq, m.id, m.at::text as at,
      case when not ${isOver} then m.payload end as payload, (${isOver})::text as over
    from ${sessions} as t
    left join lateral (
      select m.seq, m.id, m.at, m.payload, octet_length(m.payload) as size,
        sum(octet_length(m.payload)) over ${soFar} as bytes, row_number() over ${soFar} as n
      from ${messages} as m
      where m.tenant_id = :tenant::text and m.session_key = t.skey
        and m.seq > :after::bigint and m.seq < :before::bigint and m.seq > t.trimmed_seq
      order by m.seq ${order}
      limit :limit::bigint
    ) as m on (m.bytes - m.size <= ${maxPageBytes} or m.n <= 2)
    where ${thisSession} and ${live}
    order by m.seq ${order}`
}

// The oldest messages that one step may drop: the statement gives the seq of the last of them, and the last seq there
// is.
function stepEnd({ sessions, messages }: TableNames): string {
  const soFar = '(order by m.seq rows unbounded preceding)'
  return `select max(m.seq)::text as through, coalesce(t.last_seq, 0)::text as last
    from ${sessions} as t
    inner join lateral (
      select m.seq, sum(octet_length(m.payload)) over ${soFar} as bytes, row_number() over ${soFar} as n
      from ${messages} as m
      where m.tenant_id = :tenant::text and m.session_key = t.skey
        and m.seq > t.trimmed_seq and m.seq <= :seq::bigint
      order by m.seq
      limit ${maxStepMessages}
    ) as m on (m.bytes <= ${maxStepBytes} or m.n = 1)
    where ${thisSession} and ${isMeant}
    group by t.last_seq`
}

function list({ sessions }: TableNames, { user, label, cursor }: ListForm): string {
  const filters = [
    't.tenant_id = :tenant::text',
    live,
    // A row without it has no place in the order.
    't.active_at is not null',
    ...(user ? ['t.user_id = :user::text'] : []),
    // A user has few sessions, and a label may have many, which the plan of a prepared statement does not know.
    ...(label ? [user ? 't.label is not distinct from :label::text' : 't.label = :label::text'] : []),
    // The first bound leads into the index; the second leaves out the sessions of that moment that the last page had.
    ...(cursor
      ? ['t.active_at <= :activeAt::bigint', '(t.active_at < :activeAt::bigint or t.id > :afterId::text)']
      : []),
  ]
  return `select t.id, ${record}, t.active_at::text as active_at
    from ${sessions} as t
    where ${filters.join(' and ')}
    order by t.active_at desc, t.id
    limit :limit::bigint`
}
