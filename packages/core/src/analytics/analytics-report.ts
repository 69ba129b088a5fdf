import type {
  AnalyticsReport,
  AnalyticsSpan,
  Cohort,
  FactCounts,
  FactGroup,
  GroupKind,
  Passage,
  SessionGroup,
} from '../domain/analytics.js'
import { pause } from '../async/slices.js'

const maxTopics = 20
const maxPassages = 50

/** What sessions say together, from counts of their facts. */
export async function reportOf(
  counts: FactCounts,
  span: AnalyticsSpan,
): Promise<Omit<AnalyticsReport, 'complete'>> {
  let withheld = 0
  const told = async (kind: GroupKind, minGroup: number, words: readonly string[] = []) => {
    const groups = await counts.groups(span, kind, minGroup, words)
    withheld += groups.withheld
    return byName(groups.told)
  }
  const [total] = await told('total', 1)
  const { sessions = 0, users = 0 } = total ?? {}
  const { messages, turns, durationMs, withoutConsent } = await counts.sums(span)
  const { minGroup } = span
  const topics = (await told('topics', minGroup))
    .toSorted((one, other) => other.sessions - one.sessions)
    .slice(0, maxTopics)
    .map(({ name, sessions: count }) => ({ word: name[0]!, count }))
  const trends = await told(
    'trends',
    minGroup,
    topics.map(({ word }) => word),
  )
  const journeys = await told('journeys', minGroup)
  const cohorts = await cohortsOf(await counts.cohorts(span), span)
  const each = (sum: number): number => (sessions === 0 ? 0 : sum / sessions)
  const report = {
    total: toGroup(total),
    users,
    withoutConsent,
    engagement: {
      messages: each(messages),
      turns: each(turns),
      durationMs: Math.round(each(durationMs)),
    },
    over: (await told('over', 1)).map((group) => ({ at: at(group), users: group.users, ...toGroup(group) })),
    active: (await told('active', 1)).map((group) => ({
      at: at(group),
      users: group.users,
      sessions: group.sessions,
    })),
    topics,
    trends: trends.map((group) => ({ at: at(group), word: group.name[1]!, count: group.sessions })),
    journeys: journeys
      .toSorted((one, other) => other.sessions - one.sessions)
      .slice(0, maxPassages)
      .map(({ name: [from, to], sessions: count }): Passage => ({
        ...(from === '' ? {} : { from: from! }),
        ...(to === '' ? {} : { to: to! }),
        sessions: count,
      })),
    segments: (span.segmentBy === undefined ? [] : await told('segments', minGroup)).map((group) => ({
      segment: group.name[0]!,
      ...toGroup(group),
    })),
    arms: (await told('arms', minGroup)).map((group) => ({
      experiment: group.name[0]!,
      version: group.name[1]!,
      arm: group.name[2]!,
      ...toGroup(group),
    })),
    cohorts: cohorts.told,
  }
  return { ...report, withheld: withheld + cohorts.withheld }
}

const at = ({ name }: FactGroup): number => Number(name[0])

/** Steps come in the order of time: as texts of the same length. */
function byName(groups: readonly FactGroup[]): readonly FactGroup[] {
  const keyed = groups.map((group) => ({
    group,
    key: JSON.stringify(group.name.map((part) => (/^\d+$/.test(part) ? part.padStart(16, '0') : part))),
  }))
  return keyed.toSorted((one, other) => (one.key < other.key ? -1 : 1)).map(({ group }) => group)
}

function toGroup(group: FactGroup | undefined): SessionGroup {
  const { sessions = 0, engaged = 0, carted = 0, ordered = 0, value = {} } = group ?? {}
  return { sessions, engaged, carted, ordered, value }
}

async function cohortsOf(
  counts: readonly (readonly [first: number, step: number, users: number])[],
  { bucketMs, minGroup }: AnalyticsSpan,
): Promise<{ readonly told: readonly Cohort[]; readonly withheld: number }> {
  let last = 0
  const cohorts = new Map<number, Map<number, number>>()
  for (const [first, step, users] of counts) {
    await pause()
    last = Math.max(last, step)
    cohorts.set(first, (cohorts.get(first) ?? new Map()).set(step, users))
  }
  const told: Cohort[] = []
  for (const [at, usersAt] of cohorts) {
    await pause()
    const users = usersAt.get(at) ?? 0
    if (users < minGroup) continue
    const later = { length: (last - at) / bucketMs }
    const returned = Array.from(later, (_, index) => usersAt.get(at + (index + 1) * bucketMs) ?? 0)
    told.push({ at, users, returned })
  }
  return { told: told.toSorted((one, other) => one.at - other.at), withheld: cohorts.size - told.length }
}
