/**
 * The types of what the sessions of a tenant say together, for code that names them.
 *
 * @packageDocumentation
 */
export { analyticsCsv, type AnalyticsTable } from './analytics/analytics-csv.js'
export type { TimeSpread, Timing, TurnCounts } from './domain/counted-messages.js'
export type {
  AnalyticsQuery,
  AnalyticsReport,
  AnalyticsSettings,
  Cohort,
  Funnel,
  Passage,
  SessionGroup,
} from './domain/analytics.js'
export type { ExperimentSettings, ExperimentUnit } from './domain/experiment.js'
export type { SessionUsage } from './domain/session-info.js'
