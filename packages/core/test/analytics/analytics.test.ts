import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, type SessionsOptions } from '../../src/index.js'
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
    const session = await mine.create({ preferences: { colour } })
    const said = index % 3
    for (let turn = 0; turn < said; turn++)
      await session.turn(index % 2 === 0 ? 'battery life' : 'refund', () => 'Yes').result
    const carted = index % 4 < 2
    const bought = carted && index % 8 === 0 ? 100 + index : undefined
    if (carted) await session.cart.add(phone(bought ?? 1, index % 16 === 0 ? 'USD' : 'EUR'))
    if (bought !== undefined) await session.cart.checkout()
    const arm = await sessions.armOf(session, 'checkout')
    made.push({ day, user, said, carted, bought, colour, arm })
  }
  return { sessions, made }
}

const groupOf = (all: readonly (Made & { index?: number })[], of: readonly Made[]) => ({
  sessions: of.length,
  engaged: of.filter(({ said }) => said > 0).length,
  carted: of.filter(({ said, carted }) => said > 0 && carted).length,
  ordered: of.filter(({ said, bought }) => said > 0 && bought !== undefined).length,
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

describe('analytics', () => {
  it('equals a recount of every session', async () => {
    const { sessions, made } = await place()
    const report = await sessions.analytics({ tenantId: 'acme', segmentBy: 'colour' })
    expect(report.total).toEqual(groupOf(made, made))
    expect(report.users).toBe(usersOf(made))
    expect(report).toMatchObject({ withoutConsent: 0, complete: true })
    const turns = made.reduce((sum, { said }) => sum + said, 0)
    expect(report.engagement).toMatchObject({ messages: (2 * turns) / 120, turns: turns / 120 })
    expect(report.over).toEqual(
      Array.from({ length: 10 }, (_, day) => {
        const of = made.filter((one) => one.day === day)
        return { at: begin + day * dayMs, users: usersOf(of), ...groupOf(made, of) }
      }),
    )
    const isBattery = (one: Made) => made.indexOf(one) % 2 === 0 && one.said > 0
    const isRefund = (one: Made) => made.indexOf(one) % 2 === 1 && one.said > 0
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

  it('follows users from their first day on', async () => {
    const { sessions, made } = await place()
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
    const { sessions } = await place()
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
