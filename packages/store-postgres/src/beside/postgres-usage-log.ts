import {
  decodeText,
  encodeText,
  parseWhole,
  SessionError,
  type UsageEvent,
  type UsageGroup,
  type UsageGrouping,
  type UsageLog,
} from '@sessions/core/store'
import type { Row } from '../connection/database.js'
import type { RowLevelSecurity } from '../setup/row-level-security.js'
import type { TableOptions } from '../schema/schema.js'
import { toSideTables } from './side-tables.js'
import type { PostgresDatabase } from '../connection/source.js'
import { countColumns, type eventColumns, hourMs, names, usageStatements } from './usage-statements.js'

/** How usage is kept. */
export interface PostgresUsageLogOptions extends TableOptions {
  /** As for `postgresStore` (default `off`). */
  rls?: RowLevelSecurity
  /** How long a call may take in milliseconds (default 10,000). */
  timeoutMs?: number
  /** As for `postgresStore`: whether statements are prepared under their names (default true). */
  prepare?: boolean
}

const maxBatch = 1000
const bucketMs = { hour: hourMs, day: 24 * hourMs } as const
// A group has a row for each of its currencies.
const maxCurrencies = 4
const maxDate = 8_640_000_000_000_000

/**
 * Keeps usage in tables that `migrate` makes: each turn once, and its sums by hour, provider and model. What is asked by
 * provider, model, hour and day comes from the sums, and takes as long for a million turns as for a thousand.
 *
 * @param db as for `postgresStore`.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { createPostgresPool, migrate, postgresStore, postgresUsageLog } from '@sessions/store-postgres'
 *
 * const pool = createPostgresPool('postgres://localhost/app')
 * await migrate(pool)
 * const sessions = createSessions({
 *   store: postgresStore(pool),
 *   credentialSecrets: [process.env['SESSION_SECRET']!],
 *   usage: { log: postgresUsageLog(pool) },
 * })
 * ```
 */
export function postgresUsageLog<Tables>(
  db: PostgresDatabase<Tables>,
  options: PostgresUsageLogOptions = {},
): UsageLog {
  const { tables, database, callOf } = toSideTables(db, options, 10_000)
  const sql = usageStatements(tables)

  async function* pages(
    tenant: string,
    from: number,
    to: number,
  ): AsyncGenerator<readonly UsageEvent[], void> {
    for (let after: readonly [number, string] = [-1, '']; ;) {
      const rows = await database.run(sql.page, [tenant, from, to, ...after], callOf(tenant, false))
      if (rows.length === 0) return
      const events = rows.map(toEvent)
      yield events
      const last = events.at(-1)!
      after = [last.at, encodeText(last.id)]
    }
  }

  return {
    async append(tenantId, events) {
      const tenant = encodeText(tenantId)
      let inserted = 0
      for (let from = 0; from < events.length; from += maxBatch) {
        const rows = toRows(events.slice(from, from + maxBatch))
        const [row] = await database.run(sql.append, [tenant, rows], callOf(tenant, true))
        inserted += parseWhole(row![0], 'count')
      }
      return inserted
    },

    read: ({ tenantId, from, to }) => pages(encodeText(tenantId), from, to),

    async rewrite({ tenantId, from, to }, change) {
      const tenant = encodeText(tenantId)
      let count = 0
      for await (const events of pages(tenant, from, to)) {
        const changed = events.flatMap((event) => {
          const next = change(event)
          return JSON.stringify(next.cost) === JSON.stringify(event.cost) ? [] : [next]
        })
        if (changed.length === 0) continue
        const hours = [...new Set(changed.map(({ at }) => Math.floor(at / hourMs)))].toSorted((a, b) => a - b)
        await database.transaction(callOf(tenant, true), async (run) => {
          await run(sql.lock, [tenant])
          await run(sql.dropHours, [tenant, hours])
          await run(sql.price, [tenant, toRows(changed)])
          await run(sql.sumHours, [tenant, hours])
        })
        count += changed.length
      }
      return count
    },

    async forget(tenantId, user) {
      const tenant = encodeText(tenantId)
      const [row] = await database.run(sql.forget, [tenant, encodeText(user)], callOf(tenant, true))
      return parseWhole(row![0], 'count')
    },

    async prune(tenantId, before, limit) {
      const tenant = encodeText(tenantId)
      const hour = Math.floor(before / hourMs)
      return database.transaction(callOf(tenant, true), async (run) => {
        await run(sql.lock, [tenant])
        const [row] = await run(sql.prune, [tenant, hour * hourMs, limit])
        const count = parseWhole(row![0], 'count')
        if (count < limit) await run(sql.pruneHours, [tenant, hour])
        return count
      })
    },

    async group(grouping) {
      const tenant = encodeText(grouping.tenantId)
      const { by, from, to, user, sessionId, bucket, maxGroups } = grouping
      const only =
        user === undefined
          ? sessionId === undefined
            ? undefined
            : ('session' as const)
          : sessionId === undefined
            ? ('user' as const)
            : ('both' as const)
      const maxRows = maxGroups * maxCurrencies
      const first = Math.min(to, Math.ceil(from / hourMs) * hourMs)
      // No clock reaches what is later than all dates.
      const last = to > maxDate ? to : Math.max(first, Math.floor(to / hourMs) * hourMs)
      const edges = { head: from < first, tail: last < to }
      const form = { by, bucketMs: bucket && bucketMs[bucket], only, edges, maxRows: maxRows + 1 }
      const values = [
        tenant,
        from,
        to,
        first,
        last,
        user === undefined ? null : encodeText(user),
        sessionId === undefined ? null : encodeText(sessionId),
      ]
      const rows = await database.run(sql.group(form), values, callOf(tenant, false))
      if (rows.length > maxRows)
        throw new SessionError('too_large', 'There are too many groups. Ask for a shorter span.', {
          path: 'by',
        })
      return toGroups(rows, grouping)
    },
  }
}

/** Rows as JSON. */
function toRows(events: readonly UsageEvent[]): string {
  const rows = events.map((event): Record<keyof typeof eventColumns, string | number | null> => ({
    event_id: encodeText(event.id),
    at: event.at,
    user_key: textOf(event.user),
    session_id: textOf(event.sessionId),
    label: textOf(event.label),
    outcome: event.outcome,
    provider: textOf(event.provider),
    model: textOf(event.model),
    input_tokens: event.inputTokens,
    output_tokens: event.outputTokens,
    cached_tokens: event.cachedInputTokens ?? null,
    written_tokens: event.cacheWriteTokens ?? null,
    reasoning_tokens: event.reasoningTokens ?? null,
    cost: event.cost?.amount ?? null,
    currency: event.cost?.currency ?? null,
    cost_by: event.cost?.by ?? null,
    price_from: event.cost?.from ?? null,
  }))
  return JSON.stringify(rows)
}

/** An empty name is none: sums have an empty name where there is none. */
const textOf = (text: string | undefined): string | null =>
  text === undefined || text === '' ? null : encodeText(text)

function toEvent(row: Row): UsageEvent {
  const of = (name: keyof typeof eventColumns) => row[names.indexOf(name)] as string | null
  const text = (field: string, name: keyof typeof eventColumns) =>
    of(name) === null ? {} : { [field]: decodeText(of(name)!) }
  const count = (field: string, name: keyof typeof eventColumns) =>
    of(name) === null ? {} : { [field]: parseWhole(of(name), name) }
  const cost =
    of('cost') === null
      ? {}
      : {
          cost: {
            amount: of('cost')!,
            currency: of('currency')!,
            by: of('cost_by') as 'host' | 'prices',
            ...(of('price_from') === null ? {} : { from: of('price_from')! }),
          },
        }
  return {
    id: decodeText(of('event_id')!),
    at: parseWhole(of('at'), 'at'),
    ...text('user', 'user_key'),
    ...text('sessionId', 'session_id'),
    ...text('label', 'label'),
    outcome: of('outcome') as UsageEvent['outcome'],
    ...text('provider', 'provider'),
    ...text('model', 'model'),
    inputTokens: parseWhole(of('input_tokens'), 'input_tokens'),
    outputTokens: parseWhole(of('output_tokens'), 'output_tokens'),
    ...count('cachedInputTokens', 'cached_tokens'),
    ...count('cacheWriteTokens', 'written_tokens'),
    ...count('reasoningTokens', 'reasoning_tokens'),
    ...cost,
  }
}

/** Rows of one group differ in their currencies; one of them may have none. */
function toGroups(rows: readonly Row[], { by, bucket }: UsageGrouping): readonly UsageGroup[] {
  const fields = by.map((key) => (key === 'session' ? 'sessionId' : key))
  const groups = new Map<string, UsageGroup>()
  for (const row of rows) {
    const cells = [...row] as (string | null)[]
    const at = bucket === undefined ? {} : { at: parseWhole(cells.shift(), 'at') }
    const named = fields.flatMap((field) => {
      const cell = cells.shift()
      return cell === null || cell === undefined ? [] : [[field, decodeText(cell)] as const]
    })
    const names = { ...at, ...(Object.fromEntries(named) as Partial<UsageGroup>) }
    const [currency, cost, ...told] = cells
    const [turns, unpriced, input, output, cached, written, reasoning] = told.map((count, index) =>
      parseWhole(count, countColumns[index]!),
    ) as [number, number, number, number, number, number, number]
    const key = JSON.stringify(names)
    const before = groups.get(key)
    const costs = currency === null || currency === undefined ? {} : { [currency]: cost! }
    groups.set(key, {
      ...names,
      turns: turns + (before?.turns ?? 0),
      unpriced: unpriced + (before?.unpriced ?? 0),
      inputTokens: input + (before?.inputTokens ?? 0),
      outputTokens: output + (before?.outputTokens ?? 0),
      cachedInputTokens: cached + (before?.cachedInputTokens ?? 0),
      cacheWriteTokens: written + (before?.cacheWriteTokens ?? 0),
      reasoningTokens: reasoning + (before?.reasoningTokens ?? 0),
      costs: { ...before?.costs, ...costs },
    })
  }
  return [...groups.values()]
}
