import { csvLine, csvText } from '../csv.js'
import type { AnalyticsReport, SessionGroup } from '../domain/analytics.js'
import { toIso } from '../time.js'

/** A table of a report. */
export type AnalyticsTable = (typeof analyticsTables)[number]

/** The tables of a report, each of which is a CSV of its own. */
export const analyticsTables = [
  'over',
  'active',
  'topics',
  'trends',
  'journeys',
  'segments',
  'arms',
  'cohorts',
] as const satisfies readonly (keyof AnalyticsReport)[]

const counts = ['sessions', 'engaged', 'carted', 'ordered'] as const satisfies readonly (keyof SessionGroup)[]

/**
 * A table of a report as CSV (RFC 4180). Groups of sessions have a column for what was bought in each currency, in minor
 * units, and cohorts one for each later step. Spreadsheets take no text in it for a formula.
 */
export function* analyticsCsv(report: AnalyticsReport, table: AnalyticsTable): Generator<string, void> {
  switch (table) {
    case 'over':
      yield* groups(report, report.over, { at: ({ at }) => toIso(at), users: ({ users }) => String(users) })
      return
    case 'segments':
      yield* groups(report, report.segments, { segment: ({ segment }) => csvText(segment) })
      return
    case 'arms':
      yield* groups(report, report.arms, {
        experiment: ({ experiment }) => csvText(experiment),
        version: ({ version }) => csvText(version),
        arm: ({ arm }) => csvText(arm),
      })
      return
    case 'active':
      yield* rows(report.active, {
        at: ({ at }) => toIso(at),
        users: ({ users }) => String(users),
        sessions: ({ sessions }) => String(sessions),
      })
      return
    case 'topics':
      yield* rows(report.topics, {
        word: ({ word }) => csvText(word),
        sessions: ({ count }) => String(count),
      })
      return
    case 'trends':
      yield* rows(report.trends, {
        at: ({ at }) => toIso(at),
        word: ({ word }) => csvText(word),
        sessions: ({ count }) => String(count),
      })
      return
    case 'journeys':
      yield* rows(report.journeys, {
        from: ({ from = '' }) => csvText(from),
        to: ({ to = '' }) => csvText(to),
        sessions: ({ sessions }) => String(sessions),
      })
      return
    case 'cohorts': {
      const steps = Math.max(0, ...report.cohorts.map(({ returned }) => returned.length))
      const later = Array.from({ length: steps }, (_, index) => index)
      yield csvLine(['at', 'users', ...later.map((index) => `returned${index + 1}`)])
      for (const { at, users, returned } of report.cohorts)
        yield csvLine([toIso(at), String(users), ...later.map((index) => String(returned[index] ?? ''))])
    }
  }
}

function* groups<Group extends SessionGroup>(
  { total }: AnalyticsReport,
  all: readonly Group[],
  names: Readonly<Record<string, (group: Group) => string>>,
): Generator<string, void> {
  yield* rows(all, {
    ...names,
    ...Object.fromEntries(counts.map((name) => [name, (group: Group) => String(group[name])])),
    ...Object.fromEntries(
      Object.keys(total.value).map((currency) => [
        `value${currency}`,
        ({ value }: Group) => String(value[currency] ?? ''),
      ]),
    ),
  })
}

function* rows<Row>(
  all: readonly Row[],
  columns: Readonly<Record<string, (row: Row) => string>>,
): Generator<string, void> {
  yield csvLine(Object.keys(columns))
  for (const row of all) yield csvLine(Object.values(columns).map((cell) => cell(row)))
}
