import type { Sessions, SessionStore } from '@sessions/core'
import type { AnalyticsReport } from '@sessions/core/analytics'
import type { UsageTotals } from '@sessions/core/usage'
import { expect } from 'vitest'
import type { Paid, Talk } from './replayed.js'

/** What the raw records of a store say, read one by one: no code of the library counts here. */
export async function readRaw(
  store: SessionStore,
  tenantId: string,
): Promise<{ talks: Talk[]; paid: Paid[] }> {
  const talks: Talk[] = []
  const paid: Paid[] = []
  for (let cursor: string | undefined; ;) {
    const page = await store.list({ tenantId, limit: 200, ...(cursor && { cursor }) })
    for (const { id } of page.items) {
      const { record, body, messages } = (await store.read({ tenantId, id }, { tail: 100_000 }))!
      const kept = JSON.parse(body) as {
        readonly journey?: readonly string[]
        readonly preferences: { readonly service?: string }
        readonly cartCounts: { readonly added: number }
        readonly orders: readonly { readonly total: { readonly amount: number; readonly currency: string } }[]
      }
      const said = messages.map(({ payload }) => JSON.parse(payload) as Payload)
      for (const { metadata } of said) {
        const usage = metadata?.turn?.usage
        if (usage === undefined) continue
        const { model = '', inputTokens: input, outputTokens: output } = usage
        paid.push({ session: id, user: record.userId!, model, label: record.label!, input, output })
      }
      const value: Record<string, number> = {}
      for (const { total } of kept.orders) value[total.currency] = (value[total.currency] ?? 0) + total.amount
      const questions = said.filter(({ role }) => role === 'user').map(({ content }) => content)
      talks.push({
        id,
        user: record.userId!,
        questions,
        answers: said.length - questions.length,
        stage: said.length === 0 ? 0 : kept.cartCounts.added === 0 ? 1 : kept.orders.length === 0 ? 2 : 3,
        value,
        phases: kept.journey ?? [],
        segment: kept.preferences.service,
      })
    }
    cursor = page.cursor
    if (cursor === undefined) return { talks, paid }
  }
}

interface Payload {
  readonly role: string
  readonly content: string
  readonly metadata?: {
    readonly turn?: {
      readonly usage?: {
        readonly model?: string
        readonly inputTokens: number
        readonly outputTokens: number
      }
    }
  }
}

/** Whether all that a service tells of a tenant is what a recount says. */
export async function expectNumbers(
  sessions: Sessions,
  tenantId: string,
  { talks, paid }: { readonly talks: readonly Talk[]; readonly paid: readonly Paid[] },
): Promise<AnalyticsReport> {
  await sessions.sweep({ tenants: [tenantId] })
  for (const [key, by] of [
    ['model', 'model'],
    ['label', 'label'],
    ['sessionId', 'session'],
  ] as const) {
    const { groups, total } = await sessions.usage({ tenantId, by: [by] })
    expect(new Map(groups.map((group) => [group[key] ?? '', sumOf(group)])), by).toEqual(
      sums(paid, (one) => one[by]),
    )
    expect(sumOf(total)).toEqual(sums(paid, () => 'all').get('all') ?? nothing)
  }
  const users = [...new Set(talks.map(({ user }) => user))]
  for (const userId of users.slice(0, 5)) {
    const { total } = await sessions.usage({ tenantId, userId })
    expect(sumOf(total), userId).toEqual(sums(paid, ({ user }) => user).get(userId) ?? nothing)
  }
  for (const bucket of ['hour', 'day'] as const) {
    const { groups } = await sessions.usage({ tenantId, bucket })
    expect(groups.reduce((turns, group) => turns + group.turns, 0)).toBe(paid.length)
  }

  const topics = new Map<string, number>()
  for (const talk of talks) {
    const mine = sessions.for({ tenantId, userId: talk.user })
    const info = await (await mine.get(talk.id)).info()
    expect([info.messages.user, info.messages.assistant, info.orders], talk.id).toEqual([
      talk.questions.length,
      talk.answers,
      talk.stage === 3 ? 1 : 0,
    ])
    const used = paid.filter(({ session }) => session === talk.id)
    expect(info.turns.completed + info.turns.failed + info.turns.aborted).toBe(talk.answers)
    expect(info.usage.inputTokens).toBe(used.reduce((sum, { input }) => sum + input, 0))
    for (const { word } of info.topics) topics.set(word, (topics.get(word) ?? 0) + 1)
  }

  const report = await sessions.analytics({ tenantId, segmentBy: 'service', minGroup: 1 })
  expect(report.total).toEqual(groupOf(talks))
  expect(report.users).toBe(users.length)
  expect(report.complete).toBe(true)
  expect(report.segments).toEqual(
    grouped(talks, ({ segment }) => segment).map(([segment, of]) => ({ segment, ...groupOf(of) })),
  )
  expect(report.over.reduce((count, day) => count + day.sessions, 0)).toBe(talks.length)
  const engaged = new Set(talks.filter(({ stage }) => stage > 0).map(({ user }) => user))
  if (report.active.length === 1) expect(report.active[0]!.users).toBe(engaged.size)
  const passages = new Map<string, number>()
  for (const { phases } of talks) {
    const places = phases.length === 0 ? [] : ['', ...phases, '']
    const steps = new Set(places.slice(1).map((to, index) => JSON.stringify([places[index], to])))
    for (const step of steps) passages.set(step, (passages.get(step) ?? 0) + 1)
  }
  for (const { from = '', to = '', sessions: count } of report.journeys)
    expect(count, `${from} > ${to}`).toBe(passages.get(JSON.stringify([from, to])))
  expect(report.journeys).toHaveLength(Math.min(50, passages.size))
  for (const { word, count } of report.topics) expect(topics.get(word), word).toBe(count)
  return report
}

/** The session and seq of each message that has a word, as a search tells them, and whether that was all. */
export async function found(sessions: Sessions, tenantId: string, text: string): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | undefined; ;) {
    const admin = sessions.for({ tenantId, roles: ['admin'] })
    const page = await admin.search({ text, roles: ['user'], limit: 100, ...(cursor && { cursor }) })
    expect(page.complete).toBe(true)
    ids.push(...page.items.map(({ messageId }) => messageId))
    cursor = page.cursor
    if (cursor === undefined) return ids.toSorted()
  }
}

interface Sum {
  readonly turns: number
  /** Turns that died before they named a model. */
  readonly unpriced: number
  readonly input: number
  readonly output: number
  /** Of 10^-12 dollars. */
  readonly cost: bigint
}

const nothing: Sum = { turns: 0, unpriced: 0, input: 0, output: 0, cost: 0n }

function sumOf({ turns, inputTokens: input, outputTokens: output, costs, unpriced }: UsageTotals): Sum {
  const [whole = '0', rest = ''] = (costs['USD'] ?? '0').split('.')
  return { turns, unpriced, input, output, cost: BigInt(whole + rest.padEnd(12, '0')) }
}

function sums(paid: readonly Paid[], keyOf: (one: Paid) => string): Map<string, Sum> {
  const all = new Map<string, Sum>()
  for (const one of paid) {
    const { turns, unpriced, input, output, cost } = all.get(keyOf(one)) ?? nothing
    all.set(keyOf(one), {
      turns: turns + 1,
      unpriced: unpriced + (one.model === '' ? 1 : 0),
      input: input + one.input,
      output: output + one.output,
      cost: cost + BigInt(one.input) * 1_000_000n + BigInt(one.output) * 2_000_001n,
    })
  }
  return all
}

function grouped(talks: readonly Talk[], keyOf: (talk: Talk) => string | undefined): [string, Talk[]][] {
  const groups = new Map<string, Talk[]>()
  for (const talk of talks) {
    const key = keyOf(talk)
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), talk])
  }
  return [...groups].toSorted(([one], [other]) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
}

function groupOf(talks: readonly Talk[]) {
  const reached = (stage: number) => talks.filter((talk) => talk.stage >= stage).length
  const value: Record<string, number> = {}
  for (const talk of talks)
    for (const [currency, amount] of Object.entries(talk.value))
      value[currency] = (value[currency] ?? 0) + amount
  return { sessions: talks.length, engaged: reached(1), carted: reached(2), ordered: reached(3), value }
}
