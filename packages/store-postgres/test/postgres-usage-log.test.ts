import { createSessions, memoryStore, type Sessions } from '@sessions/core'
import { storeUsageLog, type UsageEvent, type UsageLog, type UsageQuery } from '@sessions/core/usage'
import { describe, expect, test } from 'vitest'
import { migrate, postgresUsageLog, type PostgresUsageLogOptions } from '../src/index.js'
import { as, createAppRole, migrated, patient, useServer } from './databases.js'

const context = useServer()
const begin = Date.parse('2026-03-01T10:20:00Z')
const minute = 60_000
const secrets = ['a secret that all processes know, and nobody else']
const later = [
  { model: 'model 1', currency: 'USD', perMillion: { input: '7', output: '9' } },
  { model: 'model 2', currency: 'EUR', perMillion: { input: '0.000001', output: '1' } },
]

/** The same events each time, with everything absent now and then. */
function events(count: number): UsageEvent[] {
  let seed = 1
  const below = (most: number): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % most
  }
  return Array.from({ length: count }, (_, index): UsageEvent => {
    const currency = below(2) === 0 ? 'USD' : 'EUR'
    const amount = `0.${String(1 + below(1_000_000)).padStart(12, '0')}`.replace(/0+$/, '')
    const by = below(4) === 0 ? ('host' as const) : ('prices' as const)
    return {
      id: `turn ${index}`,
      at: begin + below(60 * 50) * minute,
      ...(below(5) === 0 ? {} : { user: `user:${below(4)}` }),
      sessionId: `session ${below(7)}`,
      ...(below(3) === 0 ? { label: 'label\u0000' } : {}),
      outcome: 'completed',
      ...(below(3) === 0 ? {} : { provider: `provider ${below(2)}` }),
      ...(below(6) === 0 ? {} : { model: `model ${below(3)}` }),
      inputTokens: below(10_000),
      outputTokens: below(1000),
      ...(below(2) === 0 ? { cachedInputTokens: below(10), reasoningTokens: below(10) } : {}),
      ...(below(4) === 0
        ? {}
        : { cost: { amount, currency, by, ...(below(2) === 0 ? { from: '2026-01-01' } : {}) } }),
    }
  })
}

const serving = (log: UsageLog): Sessions =>
  createSessions({ store: memoryStore(), credentialSecrets: secrets, usage: { log, prices: later } })

const spans = [
  {},
  { from: begin + 90 * minute, to: begin + 1010 * minute },
  { from: begin + 5 * minute, to: begin + 15 * minute },
  { from: begin - 20 * minute, to: begin + 40 * minute },
  { to: begin + 40 * minute },
]
const shapes: readonly Omit<UsageQuery, 'tenantId'>[] = [
  {},
  { by: ['model', 'provider'], bucket: 'day' },
  { by: ['model'], bucket: 'hour' },
  { by: ['label', 'label', 'model', 'model'] },
  { by: ['user', 'label'] },
  { by: ['session', 'model'], bucket: 'day' },
  { sessionId: 'session 3', by: ['model'] },
]
const questions = shapes.flatMap((shape) => spans.map((span) => ({ ...shape, ...span, tenantId: 'acme' })))

/** Both give the same answers to every question. */
async function expectSame(one: UsageLog, other: UsageLog): Promise<void> {
  const [left, right] = [serving(one), serving(other)]
  for (const question of questions)
    expect(await left.usage(question), JSON.stringify(question)).toEqual(await right.usage(question))
}

async function allOf(log: UsageLog): Promise<UsageEvent[]> {
  const all: UsageEvent[] = []
  for await (const page of log.read!({ tenantId: 'acme', from: 0, to: Number.MAX_SAFE_INTEGER }))
    all.push(...page)
  return all.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

async function logOn(options: PostgresUsageLogOptions = {}): Promise<UsageLog> {
  const url = await migrated(context.server)
  return postgresUsageLog(context.pools.open(url, patient.pool), { timeoutMs: 240_000, ...options })
}

describe('usage in Postgres', () => {
  test('is what a plain loop over the same events counts, whatever is asked, and after every change', async () => {
    const given = events(600)
    const oracle = storeUsageLog(memoryStore())
    const log = await logOn()
    await oracle.append('acme', given)
    // Several processes, each with some events that others have, too.
    const parts = [0, 100, 200, 300, 400].map((from) => given.slice(from, from + 200))
    const counts = await Promise.all(parts.map((part) => log.append('acme', part)))
    expect(counts.reduce((sum, count) => sum + count)).toBe(600)
    await log.append('other', given.slice(0, 10))
    expect(await allOf(log)).toEqual(await allOf(oracle))
    await expectSame(log, oracle)

    const reprice = { tenantId: 'acme', from: begin + 30 * minute, to: begin + 2000 * minute }
    expect(await serving(log).reprice(reprice)).toBe(await serving(oracle).reprice(reprice))
    expect(await allOf(log)).toEqual(await allOf(oracle))
    await expectSame(log, oracle)

    const ofUser = (await allOf(oracle)).filter(({ user }) => user === 'user:2').length
    expect(await log.forget!('acme', 'user:2')).toBe(ofUser)
    const forget = ({ user, sessionId, label, ...event }: UsageEvent): UsageEvent =>
      user === 'user:2'
        ? event
        : { ...event, ...(user && { user }), ...(sessionId && { sessionId }), ...(label && { label }) }
    await oracle.rewrite!({ tenantId: 'acme', from: 0, to: Number.MAX_SAFE_INTEGER }, forget)
    await expectSame(log, oracle)

    const noon = Date.parse('2026-03-02T00:00:00Z')
    const old = (await allOf(oracle)).filter(({ at }) => at < noon).length
    await oracle.prune!('acme', noon, 10)
    expect(await log.prune!('acme', noon, 50)).toBe(50)
    expect(await log.prune!('acme', noon, 100_000)).toBe(old - 50)
    await expectSame(log, oracle)
    expect((await serving(log).usage({ tenantId: 'other' })).total.turns).toBe(10)
  })

  test('is right while turns are appended and repriced at once', async () => {
    const given = events(300)
    const log = await logOn()
    const oracle = storeUsageLog(memoryStore())
    const sessions = serving(log)
    await Promise.all([
      ...[0, 50, 100, 150, 200, 250].map((from) => log.append('acme', given.slice(from, from + 50))),
      ...[1, 2, 3].map(() => sessions.reprice({ tenantId: 'acme' })),
    ])
    await sessions.reprice({ tenantId: 'acme' })
    await oracle.append('acme', given)
    await serving(oracle).reprice({ tenantId: 'acme' })
    await expectSame(log, oracle)
  })

  test('counts one user, one session, or both, and no more groups than it may', async () => {
    const given = events(200)
    const log = await logOn()
    await log.append('acme', given)
    const span = { tenantId: 'acme', from: begin + 5 * minute, to: begin + 2000 * minute }
    const asked = { ...span, by: [], maxGroups: 1 }
    for (const only of [
      { user: 'user:1' },
      { sessionId: 'session 3' },
      { user: 'user:1', sessionId: 'session 3' },
    ] as { user?: string; sessionId?: string }[]) {
      const theirs = given.filter(
        ({ at, user, sessionId }) =>
          at >= span.from &&
          at < span.to &&
          (only.user ?? user) === user &&
          (only.sessionId ?? sessionId) === sessionId,
      )
      expect(theirs).not.toEqual([])
      expect(await log.group!({ ...asked, ...only })).toMatchObject([{ turns: theirs.length }])
    }
    const many = log.group!({ ...asked, by: ['session', 'model'] })
    await expect(many).rejects.toMatchObject({ code: 'too_large', path: 'by' })
  })

  test('keeps tenants apart where policies do', async () => {
    const url = await migrated(context.server)
    const owner = context.pools.open(url)
    await createAppRole(owner, 'usage_app')
    const rls = 'sessions.tenant'
    await migrate(owner, { rls })
    const log = postgresUsageLog(context.pools.open(as('usage_app', url), patient.pool), {
      rls,
      timeoutMs: 240_000,
    })
    await log.append('acme', events(20))
    await log.append('other', events(30))
    expect((await serving(log).usage({ tenantId: 'acme', by: ['model'] })).total.turns).toBe(20)
    expect((await serving(log).usage({ tenantId: 'other', by: ['user'] })).total.turns).toBe(30)
    const { rows } = await context.pools
      .open(as('usage_app', url))
      .query('select * from llm_session_usage_hours')
    expect(rows).toEqual([])
  })
})
