import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { memoryStore, type Sessions, type SessionsOptions, type SessionStore } from '../../src/index.js'
import type { SessionChange, SessionRef } from '../../src/store.js'
import type { ModelPrice, UsageEvent, UsageLog } from '../../src/usage.js'
import { consoleUsageLog, storeUsageLog } from '../../src/usage.js'
import { encryptedStore, staticKeyring } from '../../src/sealed.js'
import { alice, anonymous, bob, codeOf, elsewhere, service } from '../service.js'

const prices: readonly ModelPrice[] = [
  { model: 'nano', currency: 'USD', perMillion: { input: '0.05', output: '0.4' } },
  { model: 'grande', currency: 'EUR', perMillion: { input: '3', output: '15' } },
]
const counting = (options: SessionsOptions = {}, store: SessionStore = memoryStore()) =>
  service({
    store,
    credentialSecrets: ['a secret that all processes know, and nobody else'],
    usage: { prices },
    ...options,
  })

interface Used {
  inputTokens?: number
  outputTokens?: number
  costMicros?: number
  model?: string
  provider?: string
}

async function turn(sessions: Sessions, who: typeof anonymous, id: string, used: Used): Promise<void> {
  const session = await sessions.for(who).open(id)
  await session.turn('hello', () => [{ type: 'usage', ...used }, 'hi']).result
}

async function eventsOf(log: UsageLog, tenantId = 'acme'): Promise<UsageEvent[]> {
  const all: UsageEvent[] = []
  for await (const page of log.read!({ tenantId, from: 0, to: Number.MAX_SAFE_INTEGER })) all.push(...page)
  return all
}

describe('the usage of a tenant', () => {
  it('has each turn once, with what it cost', async () => {
    const sessions = counting()
    await turn(sessions, alice, 'one', { inputTokens: 1000, outputTokens: 100, model: 'nano' })
    await turn(sessions, alice, 'one', { inputTokens: 7, outputTokens: 1, model: 'nano', provider: 'openai' })
    await turn(sessions, bob, 'two', { inputTokens: 1, model: 'grande' })
    await turn(sessions, bob, 'two', { inputTokens: 5, costMicros: 12, model: 'unheard of' })
    await turn(sessions, bob, 'two', { inputTokens: 40, model: 'unheard of' })
    await turn(sessions, elsewhere, 'one', { inputTokens: 999, model: 'nano' })
    const { groups, total } = await sessions.usage({ tenantId: 'acme', by: ['model'] })
    const none = { cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }
    expect(groups).toEqual([
      {
        ...none,
        model: 'grande',
        turns: 1,
        unpriced: 0,
        inputTokens: 1,
        outputTokens: 0,
        costs: { EUR: '0.000003' },
      },
      {
        ...none,
        model: 'nano',
        turns: 2,
        unpriced: 0,
        inputTokens: 1007,
        outputTokens: 101,
        costs: { USD: '0.00009075' },
      },
      {
        ...none,
        model: 'unheard of',
        turns: 2,
        unpriced: 1,
        inputTokens: 45,
        outputTokens: 0,
        costs: { USD: '0.000012' },
      },
    ])
    expect(total).toEqual({
      ...none,
      turns: 5,
      unpriced: 1,
      inputTokens: 1053,
      outputTokens: 101,
      costs: { EUR: '0.000003', USD: '0.00010275' },
    })
  })

  it('is told by user, session, provider, label, hour and day', async () => {
    const day = Date.parse('2026-03-01T23:30:00Z')
    let now = day
    const sessions = counting({ store: memoryStore({ clock: () => now }) })
    await (await sessions.for(alice).create({ id: 'one', label: 'support' })).read()
    await turn(sessions, alice, 'one', { inputTokens: 1, provider: 'openai' })
    await turn(sessions, anonymous, 'two', { inputTokens: 2 })
    now += 3_600_000
    await turn(sessions, bob, 'three', { inputTokens: 4 })
    const told = async (query: object) => {
      const { groups } = await sessions.usage({ tenantId: 'acme', ...query })
      return groups.map(({ inputTokens, at, user, sessionId, provider, label }) => [
        inputTokens,
        ...[
          at === undefined ? undefined : new Date(at).toISOString(),
          user,
          sessionId,
          provider,
          label,
        ].filter((name) => name !== undefined),
      ])
    }
    expect(await told({})).toEqual([[7]])
    expect(await told({ by: ['session'] })).toEqual([
      [1, 'one'],
      [4, 'three'],
      [2, 'two'],
    ])
    expect(await told({ by: ['provider', 'label'] })).toEqual([[6], [1, 'openai', 'support']])
    expect(await told({ bucket: 'hour' })).toEqual([
      [3, '2026-03-01T23:00:00.000Z'],
      [4, '2026-03-02T00:00:00.000Z'],
    ])
    expect(await told({ bucket: 'day', by: ['provider'] })).toEqual([
      [2, '2026-03-01T00:00:00.000Z'],
      [1, '2026-03-01T00:00:00.000Z', 'openai'],
      [4, '2026-03-02T00:00:00.000Z'],
    ])
    expect(await told({ userId: 'alice' })).toEqual([[1]])
    expect(await told({ userId: 'nobody' })).toEqual([])
    expect(await told({ sessionId: 'three' })).toEqual([[4]])
    expect(await told({ from: day + 1_800_000 })).toEqual([[4]])
    expect(await told({ to: day + 1_800_000 })).toEqual([[3]])
    const users = await sessions.usage({ tenantId: 'acme', by: ['user'] })
    expect(users.groups.map(({ user, inputTokens }) => [user?.slice(0, 5), inputTokens])).toEqual(
      expect.arrayContaining([
        [undefined, 2],
        ['user:', 1],
        ['user:', 4],
      ]),
    )
  })

  it('counts turns that failed, and turns whose reply could not be stored', async () => {
    const inner = memoryStore()
    let isRefusing = false
    const ofApplication = async (ref: SessionRef, change: SessionChange) => {
      if (isRefusing && !ref.tenantId.startsWith('~')) throw new TypeError('the disk is full')
      return inner.commit(ref, change)
    }
    const store: SessionStore = { ...inner, commit: ofApplication }
    const sessions = counting({ onWarning: () => {} }, store)
    const session = await sessions.for(alice).open('one')
    const failing = session.turn('hello', function* () {
      yield { type: 'usage', inputTokens: 3, model: 'nano' }
      throw new Error('no')
    })
    expect((await failing.result).status).toBe('failed')
    const lost = session.turn('again', function* () {
      yield { type: 'usage', inputTokens: 5, model: 'nano' }
      isRefusing = true
    })
    expect(await codeOf(lost.result)).not.toBe('settled')
    isRefusing = false
    const { total } = await sessions.usage({ tenantId: 'acme' })
    expect(total).toMatchObject({ turns: 2, inputTokens: 8, costs: { USD: '0.0000004' } })
    const outcomes = (await eventsOf(storeUsageLog(inner))).map(({ outcome }) => outcome)
    expect(outcomes).toEqual(['failed', 'lost'])
  })

  it('gives budgets what turns cost', async () => {
    const sessions = counting({ budgets: [{ scope: 'user', maxCostMicros: 100 }] })
    await turn(sessions, alice, 'one', { inputTokens: 2_000_000, model: 'nano' })
    const told = sessions.events.find(({ type }) => type === 'usage.recorded')
    expect(told).toMatchObject({ costMicros: 100_000 })
    const session = await sessions.for(alice).open('one')
    const { metadata } = (await session.history({ limit: 1 })).messages[0]!
    expect(metadata?.['turn']).toMatchObject({ usage: { costMicros: 100_000 }, costBy: 'prices' })
    expect(await codeOf(session.turn('more', () => 'hi').result)).toBe('budget_exceeded')
  })

  it('is sent away by what has no usage, and by wrong questions', async () => {
    expect(await codeOf(service().usage({ tenantId: 'acme' }))).toBe('invalid')
    const sessions = counting()
    for (const wrong of [
      { by: ['colour'] },
      { bucket: 'week' },
      { from: 2, to: 1 },
      { from: 1.5 },
      { to: Number.POSITIVE_INFINITY },
      { tenantId: '~usage:acme' },
    ])
      expect(await codeOf(sessions.usage({ tenantId: 'acme', ...(wrong as object) }))).toBe('invalid')
    expect(() => counting({ usage: { prices: [{} as never] } })).toThrow('usage.prices[0]')
    expect(() => counting({ usage: { currency: 'euro' } })).toThrow('usage.currency')
    expect(() => counting({ credentialSecrets: undefined as never })).toThrow('credentialSecrets')
    expect(() => counting({ usage: { log: {} as never } })).toThrow('usage.log')
  })
})

describe('new prices', () => {
  it('are told by reprice, but for what the application reported, and for models without a price', async () => {
    const store = memoryStore()
    const old = counting({}, store)
    await turn(old, alice, 'one', { inputTokens: 100, model: 'nano' })
    await turn(old, alice, 'one', { inputTokens: 100, model: 'nano', costMicros: 9 })
    await turn(old, alice, 'one', { inputTokens: 100, model: 'grande' })
    await turn(old, alice, 'one', { inputTokens: 100, model: 'late' })
    await old.close()
    const usage = {
      prices: ['nano', 'late'].map((model) => ({
        model,
        currency: 'USD',
        from: '2020-01-01',
        perMillion: { input: '1', output: '1' },
      })),
    }
    const sessions = counting({ usage }, store)
    const costs = async () => (await sessions.usage({ tenantId: 'acme' })).total
    expect(await costs()).toMatchObject({ unpriced: 1, costs: { EUR: '0.0003', USD: '0.000014' } })
    expect(await sessions.reprice({ tenantId: 'acme', to: 1 })).toBe(0)
    expect(await sessions.reprice({ tenantId: 'acme' })).toBe(2)
    expect(await costs()).toMatchObject({ unpriced: 0, costs: { EUR: '0.0003', USD: '0.000209' } })
    expect(await sessions.reprice({ tenantId: 'acme' })).toBe(0)
    expect((await eventsOf(storeUsageLog(store))).map(({ cost }) => cost?.from)).toEqual([
      '2020-01-01',
      undefined,
      undefined,
      '2020-01-01',
    ])
  })
})

describe('a log of usage', () => {
  const event = (id: string, more: Partial<UsageEvent> = {}): UsageEvent => ({
    id,
    at: Date.parse('2026-03-01T10:00:00Z'),
    outcome: 'completed',
    inputTokens: 1,
    outputTokens: 2,
    ...more,
  })

  it('keeps each event once, the first as it was', async () => {
    const log = storeUsageLog(memoryStore())
    expect(await log.append('acme', [event('a'), event('b'), event('a')])).toBe(2)
    expect(await log.append('acme', [event('a'), event('b', { model: 'x' }), event('c')])).toBe(1)
    expect((await eventsOf(log)).map(({ id, model }) => [id, model])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', undefined],
    ])
    expect(await eventsOf(log, 'other')).toEqual([])
  })

  it('is the same for processes that write at once', async () => {
    const store = memoryStore()
    const events = Array.from({ length: 1000 }, (_, index) => event(`t${index}`))
    const counts = await Promise.all([1, 2, 3].map(() => storeUsageLog(store).append('acme', events)))
    expect(counts.reduce((sum, count) => sum + count)).toBe(1000)
    expect(await eventsOf(storeUsageLog(store))).toHaveLength(1000)
  })

  it('says to the console what it may say', async () => {
    const lines: string[] = []
    const sessions = counting({ usage: { log: consoleUsageLog((line) => lines.push(line)), prices } })
    await turn(sessions, alice, 'one', { inputTokens: 1, model: 'nano' })
    await sessions.settled()
    const [, , said] = /^(\[sessions\] usage )(.*)$/.exec(lines.join('\n'))!
    expect(Object.keys(JSON.parse(said!) as object)).toEqual([
      'at',
      'tenantId',
      'id',
      'user',
      'sessionId',
      'outcome',
      'model',
      'inputTokens',
      'outputTokens',
      'cost',
      'currency',
    ])
    expect(await codeOf(sessions.usage({ tenantId: 'acme' }))).toBe('invalid')
    expect(await codeOf(sessions.reprice({ tenantId: 'acme' }))).toBe('invalid')
    const secret = { ...event('x'), content: 'secret' } as UsageEvent
    await consoleUsageLog((line) => lines.push(line)).append('acme', [secret])
    expect(lines.at(-1)).not.toContain('secret')
  })

  it('that is away is told, and holds no turn up', async () => {
    const warnings: string[] = []
    let tries = 0
    const log: UsageLog = {
      append: async () => {
        tries++
        throw new Error('away')
      },
    }
    const sessions = counting({
      usage: { log },
      onWarning: ({ code, message }) => void warnings.push(`${code}: ${message}`),
    })
    await turn(sessions, alice, 'one', { inputTokens: 1 })
    await turn(sessions, bob, 'two', { inputTokens: 1 })
    await sessions.settled()
    expect(tries).toBe(4)
    expect(warnings).toEqual([
      'usage_dropped: What 2 turns used was not written; the next sweep makes it good from their sessions.',
    ])
  })
})

// About midnight a turn is also filed under the day it ended on.
it.each([
  ['amid a day', '2026-05-04T12:00:00Z', 1],
  ['about midnight', '2026-05-04T00:01:00Z', 2],
])('is kept in an encrypted store, whose store can read nothing of it, %s', async (_name, time, records) => {
  const now = Date.parse(time)
  const inner = memoryStore({ clock: () => now })
  const store = encryptedStore(inner, {
    keyring: staticKeyring({ current: 'a', keys: { a: randomBytes(32) } }),
    indexKey: randomBytes(32),
  })
  const old = counting({ usage: {} }, store)
  await turn(old, alice, 'one', { inputTokens: 1000, model: 'nano' })
  await old.close()
  const sessions = counting({}, store)
  expect(await sessions.reprice({ tenantId: 'acme' })).toBe(1)
  expect((await sessions.usage({ tenantId: 'acme' })).total.costs).toEqual({ USD: '0.00005' })
  const { items } = await inner.list({ tenantId: '~usage:acme', limit: 10 })
  const kept = await Promise.all(items.map((item) => inner.read(item, { tail: 10 })))
  expect(kept).toHaveLength(records)
  expect(JSON.stringify(kept)).not.toMatch(/nano|user:|0\.00005/)
})

it('an export of a user says what the turns of the user used, and an import leaves it out', async () => {
  const sessions = counting()
  await turn(sessions, alice, 'one', { inputTokens: 1000, model: 'nano' })
  await turn(sessions, bob, 'two', { inputTokens: 7, model: 'nano' })
  const lines: string[] = []
  for await (const line of sessions.for(alice).export()) lines.push(line)
  const used = lines
    .map((line) => JSON.parse(line) as { type: string })
    .filter(({ type }) => type === 'usage')
  expect(used).toMatchObject([{ model: 'nano', turns: 1, inputTokens: 1000, costs: { USD: '0.00005' } }])
  const there = counting()
  const report = await there.import(lines.join(''), { tenantId: 'acme', userId: 'alice' })
  expect(report).toMatchObject({ imported: ['one'] })
  expect((await there.usage({ tenantId: 'acme' })).total.turns).toBe(0)
})
