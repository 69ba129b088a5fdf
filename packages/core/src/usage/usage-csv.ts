import type { UsageKey, UsageReport, UsageTotals } from '../domain/usage.js'
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
  yield line([
    ...(bucket === undefined ? [] : [bucket]),
    ...names,
    ...counts,
    ...currencies.map((currency) => `cost${currency}`),
  ])
  for (const group of groups) {
    yield line([
      ...(bucket === undefined ? [] : [toIso(group.at!)]),
      ...names.map((name) => textCell(group[name] ?? '')),
      ...counts.map((kind) => String(group[kind])),
      ...currencies.map((currency) => group.costs[currency] ?? ''),
    ])
  }
}

function line(cells: readonly string[]): string {
  return `${cells.join(',')}\r\n`
}

/** A model names itself: a name must not become a formula of whoever opens the file. */
function textCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
