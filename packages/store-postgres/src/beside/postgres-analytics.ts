import {
  type AnalyticsLog,
  decodeText,
  encodeText,
  type FactGroup,
  type KeptFacts,
  parseWhole,
} from '@sessions/core/store'
import { analyticsStatements, type factColumns } from './analytics-statements.js'
import type { RowLevelSecurity } from '../setup/row-level-security.js'
import type { TableOptions } from '../schema/schema.js'
import { toSideTables } from './side-tables.js'
import type { PostgresDatabase } from '../connection/source.js'

/** How facts of sessions are kept. */
export interface PostgresAnalyticsOptions extends TableOptions {
  /** As for `postgresStore` (default `off`). */
  rls?: RowLevelSecurity
  /** How long a call may take in milliseconds (default 30,000). */
  timeoutMs?: number
  /** As for `postgresStore`: whether statements are prepared under their names (default true). */
  prepare?: boolean
}

const maxBatch = 500

/**
 * Keeps facts of sessions in a table that `migrate` makes, and has Postgres count them.
 *
 * @param db as for `postgresStore`.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { createPostgresPool, migrate, postgresAnalytics, postgresStore } from '@sessions/store-postgres'
 *
 * const pool = createPostgresPool('postgres://localhost/app')
 * await migrate(pool)
 * const sessions = createSessions({
 *   store: postgresStore(pool),
 *   credentialSecrets: [process.env['SESSION_SECRET']!],
 *   analytics: { log: postgresAnalytics(pool) },
 * })
 * ```
 */
export function postgresAnalytics<Tables>(
  db: PostgresDatabase<Tables>,
  options: PostgresAnalyticsOptions = {},
): AnalyticsLog {
  const { tables, database, callOf } = toSideTables(db, options, 30_000)
  const sql = analyticsStatements(tables)

  return {
    async put(tenantId, kept) {
      const tenant = encodeText(tenantId)
      for (let from = 0; from < kept.length; from += maxBatch) {
        const rows = kept.slice(from, from + maxBatch).map(toRow)
        await database.run(sql.put, [tenant, JSON.stringify(rows)], callOf(tenant, true))
      }
    },

    async forget(tenantId, unit) {
      const tenant = encodeText(tenantId)
      const [row] = await database.run(sql.forget, [tenant, encodeText(unit)], callOf(tenant, true))
      return parseWhole(row![0], 'count')
    },

    async prune(tenantId, before, limit) {
      const tenant = encodeText(tenantId)
      const [row] = await database.run(sql.prune, [tenant, before, limit], callOf(tenant, true))
      return parseWhole(row![0], 'count')
    },

    async groups({ tenantId, from, to, bucketMs, segmentBy }, kind, minGroup, words) {
      const tenant = encodeText(tenantId)
      const preference = segmentBy === undefined ? null : encodeText(segmentBy)
      const values = [tenant, from, to, bucketMs, minGroup, preference, words.map(encodeText)]
      const [row] = await database.run(sql.groups[kind], values, callOf(tenant, false))
      const told = JSON.parse(row![1] as string) as readonly ToldGroup[]
      return { told: told.map(toGroup), withheld: parseWhole(row![0], 'count') }
    },

    async sums({ tenantId, from, to }) {
      const tenant = encodeText(tenantId)
      const [row] = await database.run(sql.sums, [tenant, from, to], callOf(tenant, false))
      const [messages, turns, durationMs, withoutConsent] = row!.map((sum) => parseWhole(sum, 'sum')) as [
        number,
        number,
        number,
        number,
      ]
      return { messages, turns, durationMs, withoutConsent }
    },

    async cohorts({ tenantId, from, to, bucketMs }) {
      const tenant = encodeText(tenantId)
      const rows = await database.run(sql.cohorts, [tenant, from, to, bucketMs], callOf(tenant, false))
      return rows.map(
        (row) => row.map((cell) => parseWhole(cell, 'cohort')) as unknown as [number, number, number],
      )
    },
  }
}

type ToldGroup = readonly [
  name: readonly string[],
  sessions: number,
  engaged: number,
  carted: number,
  ordered: number,
  users: number,
  value: Readonly<Record<string, number>>,
]

function toGroup([name, sessions, engaged, carted, ordered, users, value]: ToldGroup): FactGroup {
  return { name: name.map(decodeText), sessions, engaged, carted, ordered, users, value: decoded(value) }
}

const decoded = <Value>(record: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [decodeText(name), value]))

/** A row as JSON. Texts may hold what JSON of Postgres may not. */
function toRow({
  key,
  changes,
  createdAt,
  facts,
}: KeptFacts): Partial<Record<keyof typeof factColumns, unknown>> {
  const row = { session_key: encodeText(key), changes, created_at: createdAt, consents: facts !== undefined }
  if (facts === undefined) return row
  const entries = Object.entries(facts.segments)
  return {
    ...row,
    unit: encodeText(facts.unit),
    is_users: facts.isUsers,
    stage: facts.stage,
    messages: facts.messages,
    turns: facts.turns,
    duration_ms: facts.durationMs,
    value: Object.fromEntries(
      Object.entries(facts.value).map(([currency, amount]) => [encodeText(currency), amount]),
    ),
    topics: facts.topics.map(encodeText),
    days: facts.days,
    phases: facts.phases.map(encodeText),
    segments: Object.fromEntries(entries.map(([name, value]) => [encodeText(name), encodeText(value)])),
    arms: facts.arms.map(({ experiment, version, arm }) => ({
      experiment: encodeText(experiment),
      version: encodeText(version),
      arm: encodeText(arm),
    })),
  }
}
