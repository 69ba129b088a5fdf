import type {
  AnalyticsSpan,
  FactCounts,
  FactGroup,
  GroupKind,
  SessionFacts,
  SessionGroup,
} from '../domain/analytics.js'
import { pause } from '../slices.js'

const dayMs = 86_400_000

type Group = { readonly name: readonly string[]; readonly facts: SessionFacts[] }

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
          const group = groups.get(key) ?? { name, facts: [] }
          groups.set(key, group)
          if (group.facts.at(-1) !== one) group.facts.push(one)
        }
      }
      const told: FactGroup[] = []
      for (const { name, facts } of groups.values()) {
        await pause()
        if (new Set(facts.map(({ unit }) => unit)).size < minGroup) continue
        told.push({ name, users: usersOf(facts), ...groupOf(facts) })
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
        const first = Math.min(...steps)
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
      const segment = span.segmentBy === undefined ? undefined : one.segments[span.segmentBy]
      return segment === undefined ? [] : [[segment]]
    }
    case 'arms':
      return one.arms.map(({ experiment, version, arm }) => [experiment, version, arm])
  }
}

function groupOf(facts: readonly SessionFacts[]): SessionGroup {
  const reached = (stage: number) => facts.filter((one) => one.stage >= stage).length
  const value: Record<string, number> = {}
  for (const one of facts) {
    for (const [currency, amount] of Object.entries(one.value))
      value[currency] = (value[currency] ?? 0) + amount
  }
  return { sessions: facts.length, engaged: reached(1), carted: reached(2), ordered: reached(3), value }
}

function usersOf(facts: readonly SessionFacts[]): number {
  return new Set(facts.filter(({ isUsers }) => isUsers).map(({ unit }) => unit)).size
}
