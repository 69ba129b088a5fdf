import type { AnalyticsSpan, FactCounts, FactGroup, GroupKind, SessionFacts } from '../domain/analytics.js'
import { pause } from '../async/slices.js'

const dayMs = 86_400_000

/** The counts of a group so far. */
interface Group {
  readonly name: readonly string[]
  readonly counts: { sessions: number; engaged: number; carted: number; ordered: number }
  readonly value: Record<string, number>
  readonly units: Set<string>
  readonly users: Set<string>
  /** A session counts once. */
  last?: SessionFacts
}

/** Counts facts by plain loops. */
export function countFacts(all: readonly SessionFacts[], withoutConsent: number): FactCounts {
  const ofSpan = ({ from, to }: AnalyticsSpan) =>
    all.filter(({ createdAt }) => createdAt >= from && createdAt < to)
  return {
    async groups(span, kind, minGroup, words) {
      const shown = new Set(words)
      const groups = new Map<string, Group>()
      for (const one of kind === 'active' ? all : ofSpan(span)) {
        await pause()
        const names = namesOf(one, span, kind).filter(([, word]) => kind !== 'trends' || shown.has(word!))
        for (const name of names) {
          const key = JSON.stringify(name)
          const group = groups.get(key) ?? newGroup(name)
          groups.set(key, group)
          if (group.last !== one) add(group, one)
        }
      }
      const told: FactGroup[] = []
      for (const { name, counts, value, units, users } of groups.values()) {
        await pause()
        if (units.size >= minGroup) told.push({ name, users: users.size, ...counts, value })
      }
      return { told, withheld: groups.size - told.length }
    },
    async sums(span) {
      const sums = { messages: 0, turns: 0, durationMs: 0, withoutConsent }
      for (const { messages, turns, durationMs } of ofSpan(span)) {
        sums.messages += messages
        sums.turns += turns
        sums.durationMs += durationMs
      }
      return sums
    },
    async cohorts(span) {
      const stepsOf = new Map<string, Set<number>>()
      for (const { isUsers, unit, createdAt } of ofSpan(span)) {
        await pause()
        if (isUsers) stepsOf.set(unit, (stepsOf.get(unit) ?? new Set()).add(stepAt(createdAt, span)))
      }
      const counts = new Map<string, [number, number, number]>()
      for (const steps of stepsOf.values()) {
        await pause()
        let first = Number.POSITIVE_INFINITY
        for (const step of steps) first = Math.min(first, step)
        for (const step of steps) {
          const key = `${first} ${step}`
          const count = counts.get(key) ?? [first, step, 0]
          counts.set(key, count)
          count[2]++
        }
      }
      return [...counts.values()]
    },
  }
}

const stepAt = (at: number, { bucketMs }: AnalyticsSpan): number => at - (at % bucketMs)

/** The names of the groups that a session is in; a name may come twice. */
function namesOf(one: SessionFacts, span: AnalyticsSpan, kind: GroupKind): readonly (readonly string[])[] {
  const step = String(stepAt(one.createdAt, span))
  switch (kind) {
    case 'total':
      return [[]]
    case 'over':
      return [[step]]
    case 'active':
      return one.days
        .filter((day) => (day + 1) * dayMs > span.from && day * dayMs < span.to)
        .map((day) => [String(stepAt(day * dayMs, span))])
    case 'topics':
      return one.topics.map((word) => [word])
    case 'trends':
      return one.topics.map((word) => [step, word])
    case 'journeys': {
      const places = ['', ...one.phases, '']
      return one.phases.length === 0 ? [] : places.slice(1).map((to, index) => [places[index]!, to])
    }
    case 'segments': {
      const { segmentBy = '' } = span
      // A preference may have the name of what every object has.
      return Object.hasOwn(one.segments, segmentBy) ? [[one.segments[segmentBy]!]] : []
    }
    case 'arms':
      return one.arms.map(({ experiment, version, arm }) => [experiment, version, arm])
  }
}

const newGroup = (name: readonly string[]): Group => ({
  name,
  counts: { sessions: 0, engaged: 0, carted: 0, ordered: 0 },
  value: {},
  units: new Set(),
  users: new Set(),
})

function add(group: Group, one: SessionFacts): void {
  const { counts, value, units, users } = group
  group.last = one
  counts.sessions++
  if (one.stage >= 1) counts.engaged++
  if (one.stage >= 2) counts.carted++
  if (one.stage >= 3) counts.ordered++
  for (const [currency, amount] of Object.entries(one.value))
    value[currency] = (value[currency] ?? 0) + amount
  units.add(one.unit)
  if (one.isUsers) users.add(one.unit)
}
