import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, type SessionsOptions } from '../../src/index.js'
import { changingStore } from '../changing-store.js'
import { codeOf } from '../service.js'

const settings = { credentialSecrets: ['a secret that all processes know, and nobody else'] }
const dayMs = 86_400_000
const begin = Date.UTC(2026, 0, 1)
const phone = (amount: number, currency: string) => ({ sku: 'P', name: 'P', price: { amount, currency } })

interface Made {
  readonly day: number
  readonly user: string | undefined
  readonly said: number
  readonly carted: boolean
  readonly bought: number | undefined
  readonly colour: string
  readonly arm: string
  readonly phases: readonly string[]
  /** Days on which the user said something. */
  readonly spoke: readonly number[]
}

/** 120 sessions over ten days, of twelve users and of guests, and the service that has them. */
async function place(options: SessionsOptions = {}) {
  let now = begin
  const store = memoryStore({ clock: () => now })
  const experiments = { checkout: { arms: { a: 1, b: 1 } } }
  const sessions = createSessions({
    store,
    ...settings,
    experiments,
    ttl: { idleMs: 100 * dayMs, absoluteMs: 100 * dayMs },
    ...options,
  })
  const made: Made[] = []
  for (let index = 0; index < 120; index++) {
    const day = (index * 7) % 10
    now = begin + day * dayMs + index * 1000
    const user = index % 5 === 0 ? undefined : `user ${index % 12}`
    const colour = ['red', 'green', 'rare'][index % 40 === 0 ? 2 : index % 2]!
    const mine = sessions.for({ tenantId: 'acme', ...(user === undefined ? {} : { userId: user }) })
    const session = await mine.create({
      preferences: { colour },
      ...(index % 3 === 0 ? {} : { state: { phase: 'browsing' } }),
    })
    const said = index % 3
    for (let turn = 0; turn < said; turn++)
      await session.turn(index % 2 === 0 ? 'battery life' : 'refund', () => 'Yes').result
    // Of half of them no turn has counted the last message, which came days later.
    const spoke = said > 0 ? [day] : []
    if (index % 4 === 1) {
      now += 2 * dayMs
      await session.append({ role: 'user', content: index % 2 === 0 ? 'battery life' : 'refund' })
      spoke.push(day + 2)
    }
    const phases = index % 3 === 0 ? [] : ['browsing']
    for (const phase of ['compare', 'compare', 'checkout', 'browsing'].slice(0, index % 5)) {
      await session.state.merge({ phase, step: index })
      if (phases.at(-1) !== phase) phases.push(phase)
    }
    const carted = index % 4 < 2
    const bought = carted && index % 8 === 0 ? 100 + index : undefined
    if (carted) await session.cart.add(phone(bought ?? 1, index % 16 === 0 ? 'USD' : 'EUR'))
    if (bought !== undefined) await session.cart.checkout()
    const arm = await sessions.armOf(session, 'checkout')
    made.push({ day, user, said, carted, bought, colour, arm, phases, spoke })
  }
  return { sessions, made }
}

const groupOf = (all: readonly (Made & { index?: number })[], of: readonly Made[]) => ({
  sessions: of.length,
  engaged: of.filter(({ spoke }) => spoke.length > 0).length,
  carted: of.filter(({ spoke, carted }) => spoke.length > 0 && carted).length,
  ordered: of.filter(({ spoke, bought }) => spoke.length > 0 && bought !== undefined).length,
  value: Object.fromEntries(
    ['EUR', 'USD'].flatMap((currency) => {
      const paid = of.filter(
        (one) => one.bought !== undefined && (all.indexOf(one) % 16 === 0 ? 'USD' : 'EUR') === currency,
      )
      return paid.length === 0 ? [] : [[currency, paid.reduce((sum, { bought }) => sum + bought!, 0)]]
    }),
  ),
})
const unitsOf = (of: readonly Made[]) => new Set(of.map(({ user }, index) => user ?? index)).size
const usersOf = (of: readonly Made[]) => new Set(of.flatMap(({ user }) => user ?? [])).size

let known: ReturnType<typeof place> | undefined
/** Those that tests only read. */
const placed = () => (known ??= place())

describe('analytics', () => {
  it('equals a recount of every session', async () => {
    const { sessions, made } = await placed()
    const report = await sessions.analytics({ tenantId: 'acme', segmentBy: 'colour' })
    expect(report.total).toEqual(groupOf(made, made))
    expect(report.users).toBe(usersOf(made))
    expect(report).toMatchObject({ withoutConsent: 0, complete: true })
    const turns = made.reduce((sum, { said }) => sum + said, 0)
    const late = made.filter(({ day, spoke }) => spoke.includes(day + 2)).length
    expect(report.engagement).toMatchObject({ messages: (2 * turns + late) / 120, turns: turns / 120 })
    expect(report.over).toEqual(
      Array.from({ length: 10 }, (_, day) => {
        const of = made.filter((one) => one.day === day)
        return { at: begin + day * dayMs, users: usersOf(of), ...groupOf(made, of) }
      }),
    )
    const isBattery = (one: Made) => made.indexOf(one) % 2 === 0 && one.spoke.length > 0
    const isRefund = (one: Made) => made.indexOf(one) % 2 === 1 && one.spoke.length > 0
    const counts = [made.filter(isBattery).length, made.filter(isRefund).length]
    expect(new Map(report.topics.map(({ word, count }) => [word, count])).get('refund')).toBe(counts[1])
    const segment = (colour: string) => made.filter((one) => one.colour === colour)
    expect(unitsOf(segment('rare'))).toBeLessThan(5)
    expect(report.segments).toEqual(
      ['green', 'red'].map((colour) => ({ segment: colour, ...groupOf(made, segment(colour)) })),
    )
    expect(report.arms).toEqual(
      ['a', 'b'].map((arm) => {
        const of = made.filter((one) => one.arm === arm)
        return { experiment: 'checkout', version: '1', arm, ...groupOf(made, of) }
      }),
    )
  })

  it('says by day who was active, and what sessions were about', async () => {
    const { sessions, made } = await placed()
    const { active, topics, trends, withheld } = await sessions.analytics({ tenantId: 'acme', minGroup: 1 })
    const days = [...new Set(made.flatMap(({ spoke }) => spoke))].toSorted((one, other) => one - other)
    expect(active).toEqual(
      days.map((day) => {
        const of = made.filter(({ spoke }) => spoke.includes(day))
        return { at: begin + day * dayMs, users: usersOf(of), sessions: of.length }
      }),
    )
    const refunds = made.filter(({ spoke }, index) => index % 2 === 1 && spoke.length > 0)
    const begun = [...new Set(refunds.map(({ day }) => day))].toSorted()
    expect(trends.filter(({ word }) => word === 'refund')).toEqual(
      begun.map((day) => ({
        at: begin + day * dayMs,
        word: 'refund',
        count: refunds.filter((one) => one.day === day).length,
      })),
    )
    for (const { word, count } of topics) {
      const sum = trends.reduce((all, one) => (one.word === word ? all + one.count : all), 0)
      expect(sum).toBe(count)
    }
    expect(withheld).toBe(0)
    const few = await sessions.analytics({ tenantId: 'acme', minGroup: 6 })
    const unitsOfDay = (day: number) => unitsOf(refunds.filter((one) => one.day === day))
    expect(few.trends.filter(({ word }) => word === 'refund').map(({ at }) => at)).toEqual(
      begun.filter((day) => unitsOfDay(day) >= 6).map((day) => begin + day * dayMs),
    )
  })

  it('counts who was active in the span in sessions that are older', async () => {
    const { sessions, made } = await placed()
    const query = { tenantId: 'acme', from: begin + 4 * dayMs, to: begin + 6 * dayMs }
    const { active, total } = await sessions.analytics(query)
    expect(total.sessions).toBe(made.filter(({ day }) => day === 4 || day === 5).length)
    expect(active.map(({ sessions: count }) => count)).toEqual(
      [4, 5].map((day) => made.filter((one) => one.day < 6 && one.spoke.includes(day)).length),
    )
    const [week] = (await sessions.analytics({ ...query, bucket: 'week' })).active
    expect(week?.users).toBe(
      usersOf(made.filter(({ day, spoke }) => day < 6 && (spoke.includes(4) || spoke.includes(5)))),
    )
  })

  it('tells which way sessions go from phase to phase', async () => {
    const { sessions, made } = await placed()
    const { journeys } = await sessions.analytics({ tenantId: 'acme' })
    const sets = made.map(
      ({ phases }) =>
        new Set(
          phases.length === 0
            ? []
            : [...phases, ''].map((phase, index) => `${phases[index - 1] ?? ''} > ${phase}`),
        ),
    )
    const counts = new Map<string, Made[]>()
    for (const [index, set] of sets.entries())
      for (const name of set) counts.set(name, [...(counts.get(name) ?? []), made[index]!])
    const told = [...counts].filter(([, of]) => unitsOf(of) >= 5).map(([name, of]) => [name, of.length])
    expect(journeys.length).toBeGreaterThan(5)
    expect(new Map(journeys.map(({ from = '', to = '', sessions: of }) => [`${from} > ${to}`, of]))).toEqual(
      new Map(told as [string, number][]),
    )
    expect(journeys.map(({ sessions: of }) => of)).toEqual(
      journeys.map(({ sessions: of }) => of).toSorted((one, other) => other - one),
    )
  })

  it('keeps the first twenty phases of a session, redacted and cut, through an export', async () => {
    const sessions = createSessions({
      ...settings,
      redact: (text) => text.replaceAll('secret', '***'),
    })
    const mine = sessions.for({ tenantId: 'acme', userId: 'alice' })
    const session = await mine.create()
    for (let index = 0; index < 25; index++)
      await session.state.merge({ phase: index === 3 ? `secret ${'😀'.repeat(60)}` : `phase ${index}` })
    const lines: string[] = []
    for await (const line of mine.export()) lines.push(line)
    const { body } = lines
      .map((line) => JSON.parse(line) as { type: string; body?: { journey: string[] } })
      .find(({ type }) => type === 'session')!
    expect(body!.journey).toHaveLength(20)
    expect(body!.journey[3]).toBe(`*** ${'😀'.repeat(36)}`)
    expect(body!.journey.at(-1)).toBe('phase 19')
  })

  it('follows users from their first day on', async () => {
    const { sessions, made } = await placed()
    const { cohorts } = await sessions.analytics({ tenantId: 'acme', minGroup: 1 })
    const days = new Map<string, Set<number>>()
    for (const { user, day } of made)
      if (user !== undefined) days.set(user, (days.get(user) ?? new Set()).add(day))
    const firsts = [...days.values()].map((of) => Math.min(...of))
    const last = Math.max(...[...days.values()].flatMap((of) => [...of]))
    expect(cohorts).toEqual(
      [...new Set(firsts)].toSorted().map((first) => {
        const of = [...days.values()].filter((each) => Math.min(...each) === first)
        const returned = Array.from(
          { length: last - first },
          (_, step) => of.filter((each) => each.has(first + step + 1)).length,
        )
        return { at: begin + first * dayMs, users: of.length, returned }
      }),
    )
  })

  it('withholds groups that are too small, and names nobody', async () => {
    const { sessions } = await placed()
    const query = { tenantId: 'acme', segmentBy: 'colour' }
    const all = await sessions.analytics({ ...query, minGroup: 1 })
    expect(all.segments.map(({ segment }) => segment)).toEqual(['green', 'rare', 'red'])
    expect(all.withheld).toBe(0)
    const most = await sessions.analytics({ ...query, minGroup: 1000 })
    expect(most).toMatchObject({ segments: [], topics: [], arms: [], cohorts: [] })
    expect(JSON.stringify(all)).not.toContain('user ')
  })

  it('counts the sessions of a span, and of nobody who does not consent', async () => {
    const { sessions, made } = await place({ consent: { unsaid: { analytics: true } } })
    const of = made.filter(({ day }) => day >= 3 && day < 5)
    const query = { tenantId: 'acme', from: begin + 3 * dayMs, to: begin + 5 * dayMs }
    expect((await sessions.analytics(query)).total).toEqual(groupOf(made, of))
    const denied = { purpose: 'analytics', granted: false, version: '1', source: 'page' }
    await sessions.consent.set({ tenantId: 'acme', userId: 'user 1' }, denied)
    const left = of.filter(({ user }) => user !== 'user 1')
    const { total, withoutConsent } = await sessions.analytics(query)
    expect(total).toEqual(groupOf(made, left))
    expect(withoutConsent).toBe(of.length - left.length)
    await sessions.privacy.erase({ tenantId: 'acme', userId: 'user 2', by: 'user 2', reason: 'article 17' })
    const others = left.filter(({ user }) => user !== 'user 2')
    expect((await sessions.analytics(query)).total).toEqual(groupOf(made, others))
    expect((await sessions.analytics({ tenantId: 'globex' })).total.sessions).toBe(0)
  })

  it('refuses wrong questions', async () => {
    const { sessions } = { sessions: createSessions() }
    for (const wrong of [{ from: 2, to: 1 }, { bucket: 'year' }, { minGroup: 0 }, { by: 'user' }])
      expect(await codeOf(sessions.analytics({ tenantId: 'acme', ...wrong } as never))).toBe('invalid')
  })
})

it('counts a session that becomes active while it counts, once', async () => {
  const store = memoryStore({ clock: () => now })
  let now = begin
  let touch = async () => {}
  const pages = changingStore(store, async () => {
    if (pages.calls.at(-1) === 'list') await touch()
  })
  const sessions = createSessions({ store: pages.store, ...settings })
  const mine = sessions.for({ tenantId: 'acme', userId: 'alice' })
  const { id } = await mine.create()
  now += 300_000
  for (let index = 0; index < 201; index++) await mine.create()
  touch = async () => {
    now += 300_000
    touch = async () => {}
    await store.commit({ tenantId: 'acme', id }, { messages: [{ id: 'm', payload: '{}' }], idleMs: dayMs })
  }
  const { total, complete } = await sessions.analytics({
    tenantId: 'acme',
    from: begin - dayMs,
    to: begin + dayMs,
  })
  expect([total.sessions, complete]).toEqual([202, true])
})
