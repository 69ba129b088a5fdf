import type { UsageKey, UsageReport, UsageTotals } from '../domain/usage.js'
import { csvLine, csvText } from '../csv.js'
import { toIso } from '../time.js'

const nameOf: Readonly<Record<UsageKey, 'user' | 'sessionId' | 'provider' | 'model' | 'label'>> = {
  user: 'user',
  session: 'sessionId',
  provider: 'provider',
  model: 'model',
  label: 'label',
}
const counts = [
  'turns',
  'unpriced',
  'inputTokens',
  'cachedInputTokens',
  'cacheWriteTokens',
  'outputTokens',
  'reasoningTokens',
] as const satisfies readonly (keyof UsageTotals)[]

/**
 * A report as CSV (RFC 4180), a line for each group, with a column for what each currency cost: empty where nothing was
 * priced. Spreadsheets take no text in it for a formula.
 *
 * @param shape The `by` and the `bucket` of the query.
 */
export function* usageCsv(
  { groups, total }: UsageReport,
  { by = [], bucket }: { readonly by?: readonly UsageKey[]; readonly bucket?: 'hour' | 'day' },
): Generator<string, void> {
  const names = by.map((key) => nameOf[key])
  const currencies = Object.keys(total.costs)
  yield csvLine([
    ...(bucket === undefined ? [] : [bucket]),
    ...names,
    ...counts,
    ...currencies.map((currency) => `cost${currency}`),
  ])
  for (const group of groups) {
    yield csvLine([
      ...(bucket === undefined ? [] : [toIso(group.at!)]),
      ...names.map((name) => csvText(group[name] ?? '')),
      ...counts.map((kind) => String(group[kind])),
      ...currencies.map((currency) => group.costs[currency] ?? ''),
    ])
  }
}
