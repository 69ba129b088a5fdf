import type { GroupKind } from '@sessions/core/store'
import type { TableNames } from '../schema/schema.js'
import { type Statement, toStatement } from '../connection/statement.js'

/** The columns of facts, but for the tenant, and their types. */
export const factColumns = {
  session_key: 'text',
  changes: 'bigint',
  created_at: 'bigint',
  consents: 'boolean',
  unit: 'text',
  is_users: 'boolean',
  stage: 'integer',
  messages: 'bigint',
  turns: 'bigint',
  duration_ms: 'bigint',
  value: 'jsonb',
  topics: 'jsonb',
  days: 'jsonb',
  phases: 'jsonb',
  segments: 'jsonb',
  arms: 'jsonb',
} as const

export interface AnalyticsStatements {
  /** Tenant, rows as JSON: nothing. */
  readonly put: Statement
  /** Tenant, unit: how many there were. */
  readonly forget: Statement
  /** Tenant, before, limit: how many there were. */
  readonly prune: Statement
  /**
   * Tenant, from, to, length of a step, fewest units, preference or null, words: how many groups are withheld, then as
   * JSON a list for each that is told: name, sessions, engaged, carted, ordered, users, value.
   */
  readonly groups: Readonly<Record<GroupKind, Statement>>
  /** Tenant, from, to: messages, turns, duration, sessions without consent. */
  readonly sums: Statement
  /** Tenant, from, to, length of a step: the first step of users, a step, how many users. */
  readonly cohorts: Statement
}

const dayMs = 86_400_000
const maxGroups = 10_000
const stepOf = (at: string): string => `(${at} - ${at} % bucket)::text`
const words = 'jsonb_array_elements_text(topics) as told (word)'

/** The names of the groups that a session is in, each once. */
const names: Readonly<Record<GroupKind, string>> = {
  total: `select '{}'::text[]`,
  over: `select array[${stepOf('created_at')}]`,
  active: `select distinct array[${stepOf('at')}]
    from (select day::bigint * ${dayMs} as at from jsonb_array_elements_text(days) as told (day)) as said
    where at + ${dayMs} > from_at and at < to_at`,
  topics: `select distinct array[word] from ${words}`,
  trends: `select distinct array[${stepOf('created_at')}, word] from ${words} where word = any(shown)`,
  journeys: `select distinct array[before, after] from (
      select coalesce(lag(phase) over (order by place), '') as before, phase as after
        from jsonb_array_elements_text(phases) with ordinality as told (phase, place)
      union all select phases ->> -1, '' where jsonb_array_length(phases) > 0
    ) as passages`,
  segments: `select array[segments ->> preference] where segments ? preference`,
  arms: `select array[arm ->> 'experiment', arm ->> 'version', arm ->> 'arm']
    from jsonb_array_elements(arms) as told (arm)`,
}
// The others are told without what was bought.
const valued: readonly GroupKind[] = ['total', 'over', 'segments', 'arms']

export function analyticsStatements({ facts }: TableNames): AnalyticsStatements {
  const columns = Object.keys(factColumns)
  const given = Object.entries(factColumns).map(([name, type]) => `${name} ${type}`)
  const changed = columns.filter((name) => name !== 'session_key')
  const spanned = `${facts} where tenant_id = $1 and created_at >= $2::bigint and created_at < $3::bigint`
  const groupsOf = (kind: GroupKind): Statement => {
    const from = `from asked, ${facts} as known cross join lateral (${names[kind]}) as named (name)`
    const where = `where tenant_id = $1 and consents and created_at < to_at${kind === 'active' ? '' : ' and created_at >= from_at'}`
    const amounts = valued.includes(kind)
      ? `select name, jsonb_object_agg(currency, amount) as value from (
          select name, currency, sum(part::numeric) as amount ${from}
          cross join lateral jsonb_each_text(known.value) as paid (currency, part) ${where} and known.value <> '{}'
          group by 1, 2
        ) as paid group by 1`
      : `select null::text[] as name, null::jsonb as value where false`
    // First by units: to count them in one step takes a sort for each group.
    return toStatement(
      `analytics_${kind}`,
      `with asked as (
        select $2::bigint as from_at, $3::bigint as to_at, $4::bigint as bucket, $5::bigint as fewest,
          $6::text as preference, $7::text[] as shown
      ), each_unit as (
        select name, unit, bool_or(is_users) as is_users, count(*) as sessions,
          count(*) filter (where stage >= 1) as engaged, count(*) filter (where stage >= 2) as carted,
          count(*) filter (where stage >= 3) as ordered
        ${from} ${where} group by name, unit
      ), counted as (
        select name, sum(sessions) as sessions, sum(engaged) as engaged, sum(carted) as carted,
          sum(ordered) as ordered, count(*) filter (where is_users) as users, count(*) as units
        from each_unit group by name
      ), told as (
        select counted.* from counted, asked where units >= fewest order by sessions desc, name limit ${maxGroups}
      ), amounts as (${amounts})
      select (select count(*) from counted, asked where units < fewest)::text,
        coalesce((
          select jsonb_agg(jsonb_build_array(to_jsonb(name), sessions, engaged, carted, ordered, users, coalesce(value, '{}')))
          from told left join amounts using (name)
        ), '[]')::text`,
    )
  }
  return {
    put: toStatement(
      'analytics_put',
      `insert into ${facts} as known (tenant_id, ${columns.join(', ')})
        select $1::text, ${columns.join(', ')} from jsonb_to_recordset($2::text::jsonb) as given (${given.join(', ')})
        order by session_key on conflict (tenant_id, session_key) do update set
        ${changed.map((name) => `${name} = excluded.${name}`).join(', ')}
        where known.changes <= excluded.changes`,
    ),
    forget: toStatement(
      'analytics_forget',
      `with gone as (delete from ${facts} where tenant_id = $1 and unit = $2 returning 1)
        select count(*)::text from gone`,
    ),
    prune: toStatement(
      'analytics_prune',
      `with old as (
        delete from ${facts} where tenant_id = $1 and session_key in (
          select session_key from ${facts} where tenant_id = $1 and created_at < $2 order by created_at, session_key
          limit $3
        ) returning 1
      ) select count(*)::text from old`,
    ),
    groups: {
      total: groupsOf('total'),
      over: groupsOf('over'),
      active: groupsOf('active'),
      topics: groupsOf('topics'),
      trends: groupsOf('trends'),
      journeys: groupsOf('journeys'),
      segments: groupsOf('segments'),
      arms: groupsOf('arms'),
    },
    sums: toStatement(
      'analytics_sums',
      // Each has a name of its own: drivers may give rows by their names.
      `select coalesce(sum(messages), 0)::text as messages, coalesce(sum(turns), 0)::text as turns,
        coalesce(sum(duration_ms), 0)::text as duration_ms, count(*) filter (where not consents)::text as withheld
        from ${spanned}`,
    ),
    cohorts: toStatement(
      'analytics_cohorts',
      `with steps as (
        select distinct unit, created_at - created_at % $4::bigint as step from ${spanned} and consents and is_users
      ), firsts as (select unit, min(step) as first from steps group by unit)
      select first::text, step::text, count(*)::text from steps join firsts using (unit) group by first, step`,
    ),
  }
}
