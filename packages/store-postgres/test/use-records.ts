import type { AnalyticsLog, SearchEntry, SearchIndex, UsageEvent, UsageLog } from '@sessions/core/store'
import { expect } from 'vitest'
import {
  type PostgresDatabase,
  postgresAnalytics,
  postgresSearch,
  postgresUsageLog,
  type PostgresUsageLogOptions,
} from '../src/index.js'

const tenantId = 'ac"me\\'
const hourMs = 3_600_000
const begin = Date.parse('2026-03-01T10:20:00Z')
const all = { tenantId, from: 0, to: Number.MAX_SAFE_INTEGER }

/** Every verb of what is kept beside the sessions: usage, terms, facts. */
export async function useRecords(
  db: PostgresDatabase<object>,
  options: PostgresUsageLogOptions = {},
): Promise<void> {
  const patient = { timeoutMs: 20_000, ...options }
  await useUsage(postgresUsageLog(db, patient))
  await useSearch(postgresSearch(db, patient))
  await useAnalytics(postgresAnalytics(db, patient))
}

async function useUsage(log: UsageLog): Promise<void> {
  const cost = { amount: '0.000315', currency: 'USD', by: 'prices', from: '2026-01-01' } as const
  const tokens = { inputTokens: 1000, outputTokens: 20 }
  const full: UsageEvent = {
    id: "turn '1",
    at: begin,
    user: 'user:1',
    sessionId: 'NULL',
    label: 'shop\u0000',
    outcome: 'failed',
    provider: 'p"',
    model: 'm\\1',
    cachedInputTokens: 3,
    cacheWriteTokens: 4,
    reasoningTokens: 5,
    ...tokens,
    cost,
  }
  const bare: UsageEvent = { id: 'turn 2', at: begin + 2 * hourMs, outcome: 'completed', ...tokens }
  expect(await log.append(tenantId, [full, bare])).toBe(2)
  expect(await log.append(tenantId, [bare])).toBe(0)
  const kept: UsageEvent[] = []
  for await (const page of log.read!(all)) kept.push(...page)
  expect(kept).toEqual([full, bare])

  const of = (turns: number, unpriced: number, costs: object) => ({
    turns,
    unpriced,
    inputTokens: 1000 * turns,
    outputTokens: 20 * turns,
    costs,
    ...(unpriced === turns
      ? { cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }
      : { cachedInputTokens: 3, cacheWriteTokens: 4, reasoningTokens: 5 }),
  })
  const asked = { ...all, maxGroups: 9 }
  expect(await log.group!({ ...asked, by: [] })).toEqual([of(2, 1, { USD: '0.000315' })])
  const hours = await log.group!({ ...asked, by: ['provider', 'model'], bucket: 'hour' })
  expect(hours.toSorted((a, b) => a.at! - b.at!)).toEqual([
    { at: begin - 1_200_000, provider: 'p"', model: 'm\\1', ...of(1, 0, { USD: '0.000315' }) },
    { at: begin - 1_200_000 + 2 * hourMs, ...of(1, 1, {}) },
  ])
  const named = await log.group!({ ...asked, by: ['user', 'session', 'label'], bucket: 'day' })
  expect(named.toSorted((a, b) => a.unpriced - b.unpriced)).toEqual([
    {
      at: Date.UTC(2026, 2, 1),
      user: 'user:1',
      sessionId: 'NULL',
      label: 'shop\u0000',
      ...of(1, 0, { USD: '0.000315' }),
    },
    { at: Date.UTC(2026, 2, 1), ...of(1, 1, {}) },
  ])

  // Told anew: one cost goes, and another comes.
  const other = { amount: '7', currency: 'EUR', by: 'host' } as const
  const changed = await log.rewrite!(all, ({ cost: known, ...event }) =>
    known === undefined ? { ...event, cost: other } : event,
  )
  expect(changed).toBe(2)
  expect(await log.group!({ ...asked, by: [] })).toMatchObject([{ turns: 2, costs: { EUR: '7' } }])
  expect(await log.forget!(tenantId, 'user:1')).toBe(1)
  expect(await log.group!({ ...asked, by: ['user'] })).toHaveLength(1)
  expect(await log.prune!(tenantId, begin + 9 * hourMs, 9)).toBe(2)
  expect(await log.group!({ ...asked, by: [] })).toEqual([])
}

async function useSearch(index: SearchIndex): Promise<void> {
  const entry = (sessionId: string, seq: number, more: Partial<SearchEntry> = {}): SearchEntry => ({
    sessionId,
    incarnation: 'i"1',
    seq,
    at: begin + seq,
    changes: seq,
    role: 'user',
    terms: [['phone', 2]],
    ...more,
  })
  await index.put(tenantId, [
    entry('s\\1', 1, { user: 'user:1', expiresAt: begin + hourMs }),
    entry('s\\1', 2, { user: 'user:1', expiresAt: begin + hourMs }),
    entry("s'2", 1),
    entry('s3', 1, { user: 'NULL' }),
  ])
  const question = { tenantId, words: [{ terms: ['phone'] }], roles: ['user'] as const, limit: 9 }
  const find = (more: object = {}) =>
    index.find({ ...question, from: 0, to: begin + hourMs, isRanked: false, ...more })
  const found = await find()
  expect(found.map(({ sessionId, seq, at }) => [sessionId, seq, at])).toEqual([
    ['s\\1', 2, begin + 2],
    ...['s\\1', 's3', "s'2"]
      .toSorted()
      .toReversed()
      .map((id) => [id, 1, begin + 1]),
  ])
  expect(found[0]).toMatchObject({ incarnation: 'i"1', score: 0 })
  expect((await find({ isRanked: true, after: found[1] })).every(({ score }) => score > 0)).toBe(true)
  expect(await find({ user: 'NULL' })).toMatchObject([{ sessionId: 's3' }])
  expect(await find({ sessionId: "s'2" })).toMatchObject([{ seq: 1 }])
  const place = { sessionId: 's\\1', incarnation: 'i"1' }
  expect(await index.ended(tenantId, begin + 9 * hourMs, 9)).toEqual([place])
  await index.extend(tenantId, place, undefined)
  expect(await index.ended(tenantId, begin + 9 * hourMs, 9)).toEqual([])
  await index.drop(tenantId, place, 1)
  await index.own(tenantId, { sessionId: "s'2" }, 'user:1')
  expect(await index.forget(tenantId, 'user:1')).toBe(2)
  expect(await find()).toMatchObject([{ sessionId: 's3' }])
}

async function useAnalytics(log: AnalyticsLog): Promise<void> {
  const facts = {
    createdAt: begin,
    unit: 'user:1',
    isUsers: true,
    messages: 4,
    turns: 2,
    durationMs: 60_000,
    stage: 3,
    value: { USD: 500 },
    topics: ['blue "phone'],
    days: [20_513],
    phases: ['a\\', 'b'],
    segments: { colour: 'red\u0000' },
    arms: [{ experiment: 'e', version: '1', arm: 'b' }],
  } as const
  await log.put(tenantId, [
    { key: 'one', changes: 1, createdAt: begin, facts },
    { key: 'two', changes: 1, createdAt: begin },
  ])
  const spanned = { ...all, bucketMs: 24 * hourMs, segmentBy: 'colour', minGroup: 1 }
  const reached = { sessions: 1, engaged: 1, carted: 1, ordered: 1, users: 1 }
  const day = String(Date.UTC(2026, 2, 1))
  const names = {
    total: [[]],
    over: [[day]],
    topics: [['blue "phone']],
    trends: [[day, 'blue "phone']],
    segments: [['red\u0000']],
    arms: [['e', '1', 'b']],
    journeys: [
      ['', 'a\\'],
      ['a\\', 'b'],
      ['b', ''],
    ],
  } as const
  for (const [kind, expected] of Object.entries(names)) {
    const { told } = await log.groups(spanned, kind as keyof typeof names, 1, ['blue "phone'])
    expect(told.map(({ name }) => name).toSorted(), kind).toEqual(expected)
    expect(told[0], kind).toMatchObject(reached)
  }
  expect(await log.sums(spanned)).toEqual({ messages: 4, turns: 2, durationMs: 60_000, withoutConsent: 1 })
  expect(await log.cohorts(spanned)).toEqual([[Number(day), Number(day), 1]])
  expect(await log.forget(tenantId, 'user:1')).toBe(1)
  expect(await log.prune(tenantId, begin + 1, 9)).toBe(1)
}
