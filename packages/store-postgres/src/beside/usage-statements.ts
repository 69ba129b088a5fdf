import { type Statement, toStatement } from '../connection/statement.js'
import type { TableNames } from '../schema/schema.js'

/** The columns of an event, and their types. */
export const eventColumns = {
  event_id: 'text',
  at: 'bigint',
  user_key: 'text',
  session_id: 'text',
  label: 'text',
  outcome: 'text',
  provider: 'text',
  model: 'text',
  input_tokens: 'bigint',
  output_tokens: 'bigint',
  cached_tokens: 'bigint',
  written_tokens: 'bigint',
  reasoning_tokens: 'bigint',
  cost: 'numeric',
  currency: 'text',
  cost_by: 'text',
  price_from: 'text',
} as const

const costColumns = ['cost', 'currency', 'cost_by', 'price_from'] as const

export const names = Object.keys(eventColumns) as (keyof typeof eventColumns)[]

/** What is counted, in the order of the columns of a group. */
export const countColumns = [
  'turns',
  'unpriced',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'written_tokens',
  'reasoning_tokens',
] as const

const tokens = countColumns.slice(2)
export const hourMs = 3_600_000

/** What the sums of turns are, as a row of `session_usage_hours` has them. */
const ofTurns = [
  'count(*)',
  'count(*) filter (where cost is null)',
  ...tokens.map((name) => `coalesce(sum(${name}), 0)::bigint`),
  'coalesce(sum(cost), 0)',
].join(', ')
const hourNames = `at / ${hourMs}, coalesce(provider, ''), coalesce(model, ''), coalesce(currency, '')`
const sums = [...countColumns, 'cost'].join(', ')

/** The columns that groups may be of, as `group` names them. */
export const groupColumns = {
  user: 'user_key',
  session: 'session_id',
  provider: 'provider',
  model: 'model',
  label: 'label',
} as const

/** How a span is summed up. */
export interface GroupForm {
  readonly by: readonly (keyof typeof groupColumns)[]
  readonly bucketMs: number | undefined
  /** Of one user, or one session, alone. */
  readonly only: 'user' | 'session' | 'both' | undefined
  /** Whether the span has turns before its first whole hour, and after its last one. */
  readonly edges: { readonly head: boolean; readonly tail: boolean }
  readonly maxRows: number
}

export interface UsageStatements {
  /** Tenant: waits until nobody else appends to its hours, and keeps others waiting until the transaction ends. */
  readonly lock: Statement
  /** Tenant, events as JSON: how many were new. */
  readonly append: Statement
  /** Tenant, from, to, the place after which the page begins: events. */
  readonly page: Statement
  /** Tenant, events as JSON, of which it takes the id and what they cost: nothing. */
  readonly price: Statement
  /** Tenant, hours. */
  readonly dropHours: Statement
  /** Tenant, hours. */
  readonly sumHours: Statement
  /** Tenant, user: how many there were. */
  readonly forget: Statement
  /** Tenant, before, limit: how many there were. */
  readonly prune: Statement
  /** Tenant, the first hour that stays. */
  readonly pruneHours: Statement
  /** Tenant, from, to, where the whole hours begin and end, user, session: a row for each group and currency. */
  readonly group: (form: GroupForm) => Statement
}

export function usageStatements({ usage, usageHours }: TableNames): UsageStatements {
  // As JSON, because a list of a session with `array_nulls` off has no nulls.
  const given = (of: readonly (keyof typeof eventColumns)[]): string =>
    `jsonb_to_recordset($2::text::jsonb) as given (${of.map((name) => `${name} ${eventColumns[name]}`).join(', ')})`
  const columns = names.join(', ')
  const lockKey = `hashtextextended('@sessions/usage ${usage} ' || $1::text, 0)`
  return {
    lock: toStatement('usage_lock', `select pg_advisory_xact_lock(${lockKey})::text`),
    // Hours are summed up anew now and then, and must not be added to meanwhile.
    append: toStatement(
      'usage_append',
      `with locked as materialized (select pg_advisory_xact_lock_shared(${lockKey})), inserted as (
        insert into ${usage} (tenant_id, ${columns})
        select $1::text, given.* from locked, ${given(names)} on conflict (tenant_id, event_id) do nothing returning *
      ), hours as (
        insert into ${usageHours} as known (tenant_id, hour, provider, model, currency, ${sums})
        select $1::text, ${hourNames}, ${ofTurns} from inserted group by 2, 3, 4, 5 order by 2, 3, 4, 5
        on conflict (tenant_id, hour, provider, model, currency) do update set
        ${[...countColumns, 'cost'].map((name) => `${name} = known.${name} + excluded.${name}`).join(', ')}
      ) select count(*)::text from inserted`,
    ),
    page: toStatement(
      'usage_page',
      `select ${names.map((name) => `${name === 'cost' ? 'trim_scale(cost)' : name}::text`).join(', ')}
        from ${usage} as known where tenant_id = $1 and at >= $2 and at < $3 and (at, event_id) > ($4, $5)
        order by known.at, known.event_id limit 1000`,
    ),
    price: toStatement(
      'usage_price',
      `update ${usage} as known set ${costColumns.map((name) => `${name} = given.${name}`).join(', ')}
        from ${given(['event_id', ...costColumns])} where known.tenant_id = $1 and known.event_id = given.event_id`,
    ),
    dropHours: toStatement(
      'usage_drop_hours',
      `delete from ${usageHours} where tenant_id = $1 and hour = any($2::bigint[])`,
    ),
    // A statement of its own: it sees what was committed while the hours were waited for.
    sumHours: toStatement(
      'usage_sum_hours',
      `insert into ${usageHours} (tenant_id, hour, provider, model, currency, ${sums})
        select $1::text, ${hourNames}, ${ofTurns} from unnest($2::bigint[]) as asked (hour)
        join ${usage} on tenant_id = $1 and at >= asked.hour * ${hourMs} and at < (asked.hour + 1) * ${hourMs}
        group by 2, 3, 4, 5 order by 2, 3, 4, 5`,
    ),
    forget: toStatement(
      'usage_forget',
      `with forgotten as (
        update ${usage} set user_key = null, session_id = null, label = null
        where tenant_id = $1 and user_key = $2 returning 1
      ) select count(*)::text from forgotten`,
    ),
    prune: toStatement(
      'usage_prune',
      `with old as (
        delete from ${usage} where tenant_id = $1 and event_id in (
          select event_id from ${usage} where tenant_id = $1 and at < $2 order by at, event_id limit $3
        ) returning 1
      ) select count(*)::text from old`,
    ),
    pruneHours: toStatement(
      'usage_prune_hours',
      `delete from ${usageHours} where tenant_id = $1 and hour < $2::bigint`,
    ),
    group: (form) => toStatement('usage_group', groupSql({ usage, usageHours }, form)),
  }
}

/** Whether the hours know all that is asked. */
function isFromHours(by: GroupForm['by'], only: GroupForm['only']): boolean {
  return only === undefined && by.every((key) => key === 'provider' || key === 'model')
}

function groupSql(
  { usage, usageHours }: Pick<TableNames, 'usage' | 'usageHours'>,
  { by, bucketMs, only, edges, maxRows }: GroupForm,
): string {
  const groups = [
    ...(bucketMs === undefined ? [] : [`at - at % ${bucketMs}`]),
    ...by.map((key) => groupColumns[key]),
    'currency',
  ]
  const wanted = ['at', 'currency', 'cost', ...countColumns, ...by.map((key) => groupColumns[key])].join(', ')
  const filters = [
    ...(only === 'user' || only === 'both' ? ['user_key = $6'] : []),
    ...(only === 'session' || only === 'both' ? ['session_id = $7'] : []),
  ].map((filter) => ` and ${filter}`)
  const turnsIn = (from: string, to: string): string =>
    `select ${wanted} from (
      select *, 1::bigint as turns, (cost is null)::integer::bigint as unpriced from ${usage}
      where tenant_id = $1 and at >= ${from} and at < ${to}${filters.join('')}
    ) as turns`
  const hours = `select ${wanted} from (
      select hour * ${hourMs} as at, nullif(currency, '') as currency, nullif(provider, '') as provider,
        nullif(model, '') as model, cost, ${countColumns.join(', ')}
      from ${usageHours} where tenant_id = $1 and hour >= $4 / ${hourMs} and hour < $5 / ${hourMs}
    ) as hours`
  // A statement names no span that is empty: then it is planned for those that are not.
  const parts = isFromHours(by, only)
    ? [hours, ...(edges.head ? [turnsIn('$2', '$4')] : []), ...(edges.tail ? [turnsIn('$5', '$3')] : [])]
    : [turnsIn('$2', '$3')]
  // Each column has a name of its own and is a text: drivers may give rows by their names, and parse all but texts.
  const keys = groups.map((_, index) => `key_${index}`)
  return `with asked as (select $1::text, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::text, $7::text),
    found as (${parts.join(' union all ')}), told as (
      select ${groups.map((group, index) => `${group} as ${keys[index]!}`).join(', ')}, coalesce(sum(cost), 0) as cost,
        ${countColumns.map((name) => `coalesce(sum(${name}), 0) as ${name}`).join(', ')}
      from found group by ${groups.map((_, index) => index + 1).join(', ')} limit ${maxRows}
    )
    select ${keys.map((key) => `${key}::text`).join(', ')}, trim_scale(cost)::text as cost,
      ${countColumns.map((name) => `${name}::text`).join(', ')} from told`
}
