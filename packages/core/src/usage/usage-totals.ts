import type { UsageEvent, UsageGroup, UsageGrouping, UsageKey, UsageTotals } from '../domain/usage.js'
import { parseDecimal, toDecimal } from './decimal.js'

const hourMs = 3_600_000
const bucketMs = { hour: hourMs, day: 24 * hourMs } as const
const counted = [
  'turns',
  'unpriced',
  'inputTokens',
  'outputTokens',
  'cachedInputTokens',
  'cacheWriteTokens',
  'reasoningTokens',
] as const

type Names = Omit<UsageGroup, keyof UsageTotals>

/** Sums that are exact: of money whatever their size, of tokens as long as a number is exact. */
class Sum {
  readonly #counts = counted.map(() => 0)
  readonly #units = new Map<string, bigint>()

  add(more: { readonly [Kind in keyof UsageTotals]?: UsageTotals[Kind] | undefined }): void {
    for (const [index, kind] of counted.entries()) this.#counts[index]! += more[kind] ?? 0
    for (const [currency, amount] of Object.entries(more.costs ?? {}))
      this.#units.set(currency, (this.#units.get(currency) ?? 0n) + (parseDecimal(amount) ?? 0n))
  }

  get totals(): UsageTotals {
    const counts = counted.map((kind, index) => [kind, this.#counts[index]])
    const costs = [...this.#units].toSorted(([one], [other]) => (one < other ? -1 : 1))
    return {
      ...(Object.fromEntries(counts) as Omit<UsageTotals, 'costs'>),
      costs: Object.fromEntries(costs.map(([currency, units]) => [currency, toDecimal(units)])),
    }
  }
}

/** The sum of groups. */
export function sumOf(groups: readonly UsageTotals[]): UsageTotals {
  const sum = new Sum()
  for (const group of groups) sum.add(group)
  return sum.totals
}

/** Sums up events, group by group. */
export class UsageGroups {
  readonly #grouping: UsageGrouping
  readonly #groups = new Map<string, { readonly names: Names; readonly sum: Sum }>()

  constructor(grouping: UsageGrouping) {
    this.#grouping = grouping
  }

  get size(): number {
    return this.#groups.size
  }

  /** Counts an event, if it is asked for. */
  add(event: UsageEvent): void {
    const { by, bucket, user, sessionId } = this.#grouping
    if (user !== undefined && event.user !== user) return
    if (sessionId !== undefined && event.sessionId !== sessionId) return
    const names = namesOf(event, by, bucket)
    const key = JSON.stringify(names)
    const known = this.#groups.get(key)
    const group = known ?? { names, sum: new Sum() }
    if (known === undefined) this.#groups.set(key, group)
    const { cost } = event
    const costs = cost === undefined ? {} : { [cost.currency]: cost.amount }
    group.sum.add({ ...event, turns: 1, unpriced: cost === undefined ? 1 : 0, costs })
  }

  get all(): readonly UsageGroup[] {
    return [...this.#groups.values()].map(({ names, sum }) => ({ ...names, ...sum.totals }))
  }
}

function namesOf(event: UsageEvent, by: readonly UsageKey[], bucket: UsageGrouping['bucket']): Names {
  const names: Record<string, string | number> = {}
  if (bucket !== undefined) names['at'] = event.at - (event.at % bucketMs[bucket])
  for (const key of by) {
    const name = key === 'session' ? 'sessionId' : key
    if (event[name] !== undefined) names[name] = event[name]
  }
  return names
}

const order = ['user', 'sessionId', 'provider', 'model', 'label'] as const

/** Groups in the order of their times, then of their names. */
export function inOrder(groups: readonly UsageGroup[]): readonly UsageGroup[] {
  return groups.toSorted((one, other) => {
    if (one.at !== other.at) return (one.at ?? 0) - (other.at ?? 0)
    for (const name of order) {
      const [left = '', right = ''] = [one[name], other[name]]
      if (left !== right) return left < right ? -1 : 1
    }
    return 0
  })
}
