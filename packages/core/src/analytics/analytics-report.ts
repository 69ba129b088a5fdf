import type { AnalyticsReport, Cohort, Passage, SessionFacts, SessionGroup } from '../domain/analytics.js'
import { pause } from '../slices.js'
import type { AnalyticsSpan } from './parse-query.js'

const dayMs = 86_400_000
const maxTopics = 20
const maxPassages = 50

/** Facts in groups, each fact once in a group. */
class Groups {
  readonly #groups = new Map<string, { readonly name: readonly string[]; readonly facts: SessionFacts[] }>()

  add(name: readonly string[], facts: SessionFacts): void {
    const key = JSON.stringify(name)
    const group = this.#groups.get(key) ?? { name, facts: [] }
    this.#groups.set(key, group)
    if (group.facts.at(-1) !== facts) group.facts.push(facts)
  }

  /** In the order of their names. */
  all(): readonly { readonly name: readonly string[]; readonly facts: readonly SessionFacts[] }[] {
    return [...this.#groups].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, group]) => group)
  }
}

/**
 * What sessions say together, by plain loops.
 *
 * @param seen Facts of all sessions that were created before the end of the span.
 */
export async function reportOf(
  seen: readonly SessionFacts[],
  { bucket, minGroup, segmentBy, from, to }: Omit<AnalyticsSpan, 'tenantId'>,
): Promise<Omit<AnalyticsReport, 'withoutConsent' | 'complete'>> {
  const facts = seen.filter(({ createdAt }) => createdAt >= from)
  const bucketMs = bucket === 'day' ? dayMs : 7 * dayMs
  const stepAt = (at: number): number => at - (at % bucketMs)
  const [steps, active, topics, trends] = [new Groups(), new Groups(), new Groups(), new Groups()]
  const [passages, segments, arms] = [new Groups(), new Groups(), new Groups()]
  for (const one of seen) {
    await pause()
    for (const day of one.days)
      if ((day + 1) * dayMs > from && day * dayMs < to) active.add([timeName(stepAt(day * dayMs))], one)
  }
  for (const one of facts) {
    await pause()
    const step = timeName(stepAt(one.createdAt))
    steps.add([step], one)
    for (const word of one.topics) {
      topics.add([word], one)
    }
    for (const [index, phase] of one.phases.entries()) passages.add([one.phases[index - 1] ?? '', phase], one)
    if (one.phases.length > 0) passages.add([one.phases.at(-1)!, ''], one)
    const segment = segmentBy === undefined ? undefined : one.segments[segmentBy]
    if (segment !== undefined) segments.add([segment], one)
    for (const { experiment, version, arm } of one.arms) arms.add([experiment, version, arm], one)
  }
  let withheld = 0
  const told = async (groups: Groups) =>
    (await each(groups.all(), (group) => (isTold(group.facts, minGroup) ? [group] : (withheld++, [])))).flat()
  const words = (await told(topics))
    .map(({ name, facts: of }) => ({ word: name[0]!, count: of.length }))
    .toSorted((one, other) => other.count - one.count || (one.word < other.word ? -1 : 1))
    .slice(0, maxTopics)
  const shown = new Set(words.map(({ word }) => word))
  for (const one of facts) {
    await pause()
    const step = timeName(stepAt(one.createdAt))
    for (const word of one.topics) if (shown.has(word)) trends.add([step, word], one)
  }
  const cohorts = await cohortsOf(facts, stepAt, bucketMs)
  const average = (of: (one: SessionFacts) => number): number =>
    facts.length === 0 ? 0 : facts.reduce((sum, one) => sum + of(one), 0) / facts.length
  const report = {
    total: groupOf(facts),
    users: usersOf(facts),
    engagement: {
      messages: average(({ messages }) => messages),
      turns: average(({ turns }) => turns),
      durationMs: Math.round(average(({ durationMs }) => durationMs)),
    },
    over: await each(steps.all(), ({ name, facts: of }) => ({
      at: Number(name[0]),
      users: usersOf(of),
      ...groupOf(of),
    })),
    active: await each(active.all(), ({ name, facts: of }) => ({
      at: Number(name[0]),
      users: usersOf(of),
      sessions: of.length,
    })),
    topics: words,
    trends: (await told(trends)).map(({ name, facts: of }) => ({
      at: Number(name[0]),
      word: name[1]!,
      count: of.length,
    })),
    journeys: (await told(passages))
      .map(({ name: [before, after], facts: of }): Passage => ({
        ...(before === '' ? {} : { from: before! }),
        ...(after === '' ? {} : { to: after! }),
        sessions: of.length,
      }))
      .toSorted((one, other) => other.sessions - one.sessions)
      .slice(0, maxPassages),
    segments: await each(await told(segments), ({ name, facts: of }) => ({
      segment: name[0]!,
      ...groupOf(of),
    })),
    arms: await each(await told(arms), ({ name: [experiment, version, arm], facts: of }) => ({
      experiment: experiment!,
      version: version!,
      arm: arm!,
      ...groupOf(of),
    })),
    cohorts: cohorts.filter(({ users }) => users >= minGroup),
  }
  withheld += cohorts.length - report.cohorts.length
  return { ...report, withheld }
}

async function each<Item, Made>(items: readonly Item[], make: (item: Item) => Made): Promise<Made[]> {
  const made: Made[] = []
  for (const item of items) {
    await pause()
    made.push(make(item))
  }
  return made
}

const isTold = (facts: readonly SessionFacts[], minGroup: number): boolean =>
  new Set(facts.map(({ unit }) => unit)).size >= minGroup

/** A moment as a name whose order is that of time. */
const timeName = (at: number): string => String(at).padStart(16, '0')

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

function usersOf(facts: readonly SessionFacts[]): number {
  return new Set(facts.filter(({ isUsers }) => isUsers).map(({ unit }) => unit)).size
}

async function cohortsOf(
  facts: readonly SessionFacts[],
  stepAt: (at: number) => number,
  bucketMs: number,
): Promise<readonly Cohort[]> {
  const stepsOf = new Map<string, Set<number>>()
  let last = 0
  for (const { isUsers, unit, createdAt } of facts) {
    if (!isUsers) continue
    const steps = stepsOf.get(unit) ?? new Set<number>()
    stepsOf.set(unit, steps.add(stepAt(createdAt)))
    last = Math.max(last, stepAt(createdAt))
  }
  const cohorts = new Map<number, ReadonlySet<number>[]>()
  for (const steps of stepsOf.values()) {
    const first = Math.min(...steps)
    const users = cohorts.get(first) ?? []
    cohorts.set(first, users)
    users.push(steps)
  }
  const inOrder = [...cohorts].toSorted(([one], [other]) => one - other)
  return each(inOrder, ([at, users]) => {
    const returned = Array.from({ length: (last - at) / bucketMs }, () => 0)
    for (const steps of users)
      for (const step of steps) if (step > at) returned[(step - at) / bucketMs - 1]!++
    return { at, users: users.length, returned }
  })
}
