import { createSessions, memoryStore, type Sessions } from '@sessions/core'
import type { AnalyticsQuery } from '@sessions/core/analytics'
import { describe, expect, test } from 'vitest'
import { migrate, postgresAnalytics } from '../src/index.js'
import { as, createAppRole, migrated, patient, useServer } from './databases.js'

const context = useServer()
const dayMs = 86_400_000
const begin = Date.UTC(2026, 0, 1)
const secrets = ['a secret that all processes know, and nobody else']
const topics = ['battery life', 'refund', 'camera zoom', 'delivery date', 'gift card']
const decision = (granted: boolean) => ({ purpose: 'analytics', granted, version: '1', source: 'page' })

const questions: readonly Omit<AnalyticsQuery, 'tenantId'>[] = [
  {},
  { minGroup: 1, segmentBy: 'colour' },
  { bucket: 'week', segmentBy: 'colour', minGroup: 2 },
  { from: begin + 2 * dayMs + 5, to: begin + 9 * dayMs, segmentBy: 'size' },
  { from: begin + 300 * dayMs },
]

/** Both give the same answers to every question. */
async function expectSame(kept: Sessions, read: Sessions): Promise<void> {
  for (const question of questions) {
    const asked = { tenantId: 'acme', ...question }
    expect(await kept.analytics(asked), JSON.stringify(question)).toEqual(await read.analytics(asked))
  }
}

/** The same sessions each time: of users and of guests, on many days, some in an order, some without a word. */
async function fill(sessions: Sessions, pass: (ms: number) => void, count: number): Promise<void> {
  let seed = 1
  const below = (most: number): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % most
  }
  for (let index = 0; index < count; index++) {
    pass(below(6) * 3_600_000)
    const guest = below(6) === 0
    const mine = sessions.for({ tenantId: 'acme', ...(guest ? {} : { userId: `user ${below(12)}` }) })
    const session = await mine.create({
      preferences: { colour: ['red', 'green', 'blue\u0000'][below(3)]!, size: below(4) },
      ...(below(2) === 0 ? {} : { state: { phase: 'begin' } }),
    })
    if (guest && below(2) === 0) await session.consent.set(decision(true))
    for (let turn = below(3); turn > 0; turn--) {
      await session.turn(`${topics[below(5)]} and ${topics[below(5)]}`, () => 'Yes').result
      if (below(3) === 0) pass(dayMs)
    }
    for (let step = below(4); step > 0; step--)
      await session.state.merge({ phase: ['compare', 'checkout', 'odd \ud800', 'begin'][below(4)]! })
    if (below(3) === 0) {
      const price = { amount: 100 + below(1000), currency: below(2) === 0 ? 'EUR' : 'USD' }
      await session.cart.add({ sku: 'P', name: 'P', price })
      if (below(2) === 0) await session.cart.checkout()
    }
    if (below(2) === 0) await sessions.armOf(session, 'checkout')
  }
}

async function place(rls?: 'sessions.tenant') {
  let now = begin
  const url = await migrated(context.server)
  const owner = context.pools.open(url, patient.pool)
  if (rls !== undefined) {
    await createAppRole(owner, 'facts_app')
    await migrate(owner, { rls })
  }
  const pool = rls === undefined ? owner : context.pools.open(as('facts_app', url), patient.pool)
  const shared = {
    store: memoryStore({ clock: () => now }),
    credentialSecrets: secrets,
    consent: { unsaid: { analytics: false } },
    experiments: { checkout: { arms: { a: 1, b: 1 } } },
    ttl: { idleMs: 1000 * dayMs, absoluteMs: 1000 * dayMs },
  }
  const log = postgresAnalytics(pool, { timeoutMs: 240_000, ...(rls === undefined ? {} : { rls }) })
  const kept = createSessions({ ...shared, analytics: { log } })
  for (let user = 0; user < 10; user++)
    await kept.consent.set({ tenantId: 'acme', userId: `user ${user}` }, decision(true))
  return { kept, read: createSessions(shared), log, pool, pass: (ms: number) => void (now += ms) }
}

describe('analytics in Postgres', () => {
  test('are what plain loops over the sessions count, whatever is asked, and after every change', async () => {
    const { kept, read, pool, pass } = await place()
    await fill(kept, pass, 80)
    await expectSame(kept, read)
    await fill(kept, pass, 20)
    await kept.consent.set({ tenantId: 'acme', userId: 'user 1' }, decision(false))
    await kept.consent.set({ tenantId: 'acme', userId: 'user 11' }, decision(true))
    await expectSame(kept, read)
    const erasure = { tenantId: 'acme', userId: 'user 2', by: 'user 2', reason: 'article 17' }
    expect((await kept.privacy.erase(erasure)).counts['analytics']).toBeGreaterThan(0)
    await expectSame(kept, read)
    const { rows } = await pool.query('select facts::text from llm_session_facts as facts')
    expect(JSON.stringify(rows)).not.toMatch(/user \d/)
    const silent = 'select unit, topics, value from llm_session_facts where not consents'
    const none = { unit: null, topics: null, value: null }
    for (const row of (await pool.query(silent)).rows) expect(row).toEqual(none)
  })

  test('keep what was read last, however late it comes, and forget what is over its time', async () => {
    const { log } = await place()
    const span = { tenantId: 'acme', from: 0, to: begin * 2, bucketMs: dayMs, minGroup: 1 }
    const facts = {
      createdAt: begin,
      unit: 'u',
      isUsers: true,
      messages: 1,
      turns: 1,
      durationMs: 1,
      stage: 1 as const,
      value: {},
      topics: [],
      days: [],
      phases: [],
      segments: {},
      arms: [],
    }
    const about = { key: 'k', createdAt: begin }
    await log.put('acme', [{ ...about, changes: 9, facts: { ...facts, messages: 7 } }])
    await log.put('acme', [{ ...about, changes: 8, facts }])
    expect((await log.sums(span)).messages).toBe(7)
    await log.put('acme', [{ ...about, changes: 9 }])
    expect(await log.sums(span)).toEqual({ messages: 0, turns: 0, durationMs: 0, withoutConsent: 1 })
    const many = Array.from({ length: 1200 }, (_, index) => ({
      key: `k${index}`,
      createdAt: begin + index,
      changes: 1,
      facts: { ...facts, createdAt: begin + index, unit: `u${index % 7}` },
    }))
    await log.put('acme', many)
    await log.put('other', many.slice(0, 10))
    expect((await log.groups(span, 'total', 1, [])).told).toMatchObject([{ sessions: 1200, users: 7 }])
    expect(await log.forget('acme', 'u3')).toBe(171)
    expect(await log.prune('acme', begin + 600, 100)).toBe(100)
    expect(await log.prune('acme', begin + 600, 1000)).toBe(415)
    expect((await log.groups({ ...span, tenantId: 'other' }, 'total', 1, [])).told).toMatchObject([
      { sessions: 10 },
    ])
  })

  test('keep tenants apart where policies do', async () => {
    const { kept, read, pool, pass } = await place('sessions.tenant')
    await fill(kept, pass, 10)
    await expectSame(kept, read)
    expect((await kept.analytics({ tenantId: 'other' })).total.sessions).toBe(0)
    expect((await pool.query('select * from llm_session_facts')).rows).toEqual([])
  })
})
