import type { UsageKey, UsageReport, UsageTotals } from '../domain/usage.js'
import { csvLine, csvText } from '../csv.js'
import { SessionError } from '../errors.js'
import { checkOptions } from '../options.js'
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
 * @param shape The `by` and the `bucket` of the query (default: none, a line for each group without its names).
 * @throws `invalid` for what is no report, or a shape that no query has.
 */
export function usageCsv(
  report: UsageReport,
  shape: { readonly by?: readonly UsageKey[]; readonly bucket?: 'hour' | 'day' } = {},
): Generator<string, void> {
  checkOptions<UsageShape>(shape, { by: 'list', bucket: ['hour', 'day'] }, 'shape')
  const unknown = shape.by?.find((key) => !Object.hasOwn(nameOf, key))
  if (unknown !== undefined)
    throw new SessionError('invalid', `shape.by names ${unknown}, which nothing is grouped by`, {
      path: 'shape.by',
    })
  const given = report as Partial<UsageReport> | null | undefined
  if (!Array.isArray(given?.groups) || typeof given.total?.costs !== 'object')
    throw new SessionError('invalid', 'report is no report of usage', { path: 'report' })
  return linesOf(report, shape)
}

/** What a report was grouped by. */
interface UsageShape {
  readonly by?: readonly UsageKey[]
  readonly bucket?: 'hour' | 'day'
}

function* linesOf({ groups, total }: UsageReport, { by = [], bucket }: UsageShape): Generator<string, void> {
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
      ...(bucket === undefined ? [] : [group.at === undefined ? '' : toIso(group.at)]),
      ...names.map((name) => csvText(group[name] ?? '')),
      ...counts.map((kind) => String(group[kind])),
      ...currencies.map((currency) => group.costs[currency] ?? ''),
    ])
  }
}
