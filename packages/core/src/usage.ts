/**
 * What keeps what turns use and cost, for an application with prices or a log of usage.
 *
 * @packageDocumentation
 */
export type {
  ModelPrice,
  TokenPrices,
  UsageCost,
  UsageEvent,
  UsageGroup,
  UsageGrouping,
  UsageKey,
  UsageLog,
  UsageQuery,
  UsageReport,
  UsageSettings,
  UsageSpan,
  UsageTotals,
} from './domain/usage.js'
export { consoleUsageLog } from './usage/console-usage-log.js'
export type { RepriceOptions } from './usage/query-usage.js'
export { storeUsageLog } from './usage/store-usage-log.js'
export { usageCsv } from './usage/usage-csv.js'
