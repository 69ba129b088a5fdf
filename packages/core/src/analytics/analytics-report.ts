import type { AnalyticsQuery, AnalyticsReport, Cohort, SessionGroup } from '../domain/analytics.js'
import type { SessionFacts } from './session-facts.js'

const dayMs = 86_400_000
const maxTopics = 20
type Shape = Required<Pick<AnalyticsQuery, 'bucket' | 'minGroup'>> & Pick<AnalyticsQuery, 'segmentBy'>

/** Facts in groups, each counted once. */
class Groups {
  readonly #groups = new Map<string, { readonly name: readonly string[]; readonly facts: SessionFacts[] }>()

  add(name: readonly string[], facts: SessionFacts): void {
    const key = JSON.stringify(name)
    const group = this.#groups.get(key) ?? { name, facts: [] }
    this.#groups.set(key, group)
    group.facts.push(facts)
  }

  /** In the order of their names. */
  all(): readonly { readonly name: readonly string[]; readonly facts: readonly SessionFacts[] }[] {
    return [...this.#groups].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, group]) => group)
  }
}

/** What sessions say together, by plain loops. */
export function reportOf(
  facts: readonly SessionFacts[],
  { bucket, minGroup, segmentBy }: Shape,
  seen: Pick<AnalyticsReport, 'withoutConsent' | 'complete'>,
): AnalyticsReport {
  const bucketMs = bucket === 'day' ? dayMs : 7 * dayMs
  const stepOf = ({ createdAt }: SessionFacts): number => createdAt - (createdAt % bucketMs)
  const [steps, topics, segments, arms] = [new Groups(), new Groups(), new Groups(), new Groups()]
  for (const one of facts) {
    steps.add([String(stepOf(one)).padStart(16, '0')], one)
    for (const word of one.topics) topics.add([word], one)
    const segment = segmentBy === undefined ? undefined : one.preferences[segmentBy]
    if (typeof segment === 'string' || typeof segment === 'number' || typeof segment === 'boolean')
      segments.add([String(segment)], one)
    for (const [experiment, { version, arm }] of Object.entries(one.arms))
      arms.add([experiment, version, arm], one)
  }
  let withheld = 0
  const told = (groups: Groups) =>
    groups.all().filter((group) => {
      const isTold = new Set(group.facts.map(({ unit }) => unit)).size >= minGroup
      if (!isTold) withheld++
      return isTold
    })
  const cohorts = cohortsOf(facts, stepOf, bucketMs)
  const average = (of: (one: SessionFacts) => number): number =>
    facts.length === 0 ? 0 : facts.reduce((sum, one) => sum + of(one), 0) / facts.length
  const report = {
    total: groupOf(facts),
    users: usersOf(facts).size,
    engagement: {
      messages: average(({ messages }) => messages),
      turns: average(({ turns }) => turns),
      durationMs: Math.round(average(({ durationMs }) => durationMs)),
    },
    over: steps.all().map((step) => ({
      at: Number(step.name[0]),
      users: usersOf(step.facts).size,
      ...groupOf(step.facts),
    })),
    topics: told(topics)
      .map(({ name, facts: of }) => ({ word: name[0]!, count: of.length }))
      .toSorted((one, other) => other.count - one.count || (one.word < other.word ? -1 : 1))
      .slice(0, maxTopics),
    segments: told(segments).map(({ name, facts: of }) => ({ segment: name[0]!, ...groupOf(of) })),
    arms: told(arms).map(({ name: [experiment, version, arm], facts: of }) => ({
      experiment: experiment!,
      version: version!,
      arm: arm!,
      ...groupOf(of),
    })),
    cohorts: cohorts.filter(({ users }) => users >= minGroup),
  }
  withheld += cohorts.length - report.cohorts.length
  return { ...report, ...seen, withheld }
}

function groupOf(facts: readonly SessionFacts[]): SessionGroup {
  const engaged = facts.filter(({ isEngaged }) => isEngaged)
  const carted = engaged.filter(({ isCarted }) => isCarted)
  const ordered = carted.filter(({ isOrdered }) => isOrdered)
  const value: Record<string, number> = {}
  for (const one of facts) {
    for (const [currency, amount] of Object.entries(one.value))
      value[currency] = (value[currency] ?? 0) + amount
  }
  return {
    sessions: facts.length,
    engaged: engaged.length,
    carted: carted.length,
    ordered: ordered.length,
    value,
  }
}

function usersOf(facts: readonly SessionFacts[]): ReadonlySet<string> {
  return new Set(facts.filter(({ isUsers }) => isUsers).map(({ unit }) => unit))
}

function cohortsOf(
  facts: readonly SessionFacts[],
  stepOf: (one: SessionFacts) => number,
  bucketMs: number,
): readonly Cohort[] {
  const stepsOf = new Map<string, Set<number>>()
  let last = 0
  for (const one of facts) {
    if (!one.isUsers) continue
    const steps = stepsOf.get(one.unit) ?? new Set<number>()
    stepsOf.set(one.unit, steps.add(stepOf(one)))
    last = Math.max(last, stepOf(one))
  }
  const cohorts = new Map<number, ReadonlySet<number>[]>()
  for (const steps of stepsOf.values()) {
    const first = Math.min(...steps)
    cohorts.set(first, [...(cohorts.get(first) ?? []), steps])
  }
  return [...cohorts]
    .toSorted(([one], [other]) => one - other)
    .map(([at, users]) => ({
      at,
      users: users.length,
      returned: Array.from({ length: (last - at) / bucketMs }, (_, index) => {
        const step = at + (index + 1) * bucketMs
        return users.filter((steps) => steps.has(step)).length
      }),
    }))
}
