import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, type Sessions, type SessionWarning } from '../../src/index.js'
import { wrapStore } from '../../src/testing.js'
import { listLog } from './list-log.js'

const settings = { credentialSecrets: ['a secret that all processes know, and nobody else'] }
const dayMs = 86_400_000
const query = { tenantId: 'acme', minGroup: 1, segmentBy: 'colour' }
const decision = (granted: boolean) => ({ purpose: 'analytics', granted, version: '1', source: 'page' })

/** Sessions of six users who allow it, and of guests, once with a log and once without. */
async function place() {
  let now = Date.UTC(2026, 0, 1)
  const store = memoryStore({ clock: () => now })
  const log = listLog()
  const warnings: SessionWarning[] = []
  const ttl = { idleMs: 100 * dayMs, absoluteMs: 100 * dayMs }
  const shared = {
    store,
    ttl,
    ...settings,
    consent: {},
    onWarning: (one: SessionWarning) => warnings.push(one),
  }
  const keeping = createSessions({ ...shared, analytics: { log } })
  const plain = createSessions(shared)
  const speak = async (user: string | undefined, id: string, text: string) => {
    const mine = keeping.for({ tenantId: 'acme', ...(user === undefined ? {} : { userId: user }) })
    const session = await mine.create({ id, preferences: { colour: `c${id.length}` } })
    await session.turn(text, () => 'Yes').result
    await session.state.merge({ phase: 'browsing' })
    now += dayMs / 4
  }
  for (let index = 0; index < 6; index++) {
    const userId = `user ${index}`
    await keeping.consent.set({ tenantId: 'acme', userId }, decision(true))
    for (let each = 0; each <= index; each++) await speak(userId, `${userId} ${each}`, 'battery life')
  }
  await speak(undefined, 'guest', 'refund')
  const expectSame = async (about = query) =>
    expect(await keeping.analytics(about)).toEqual(await plain.analytics(about))
  // A process of its own, which has its own memory of whom a pseudonym stands for.
  const another = () => createSessions({ ...shared, analytics: { log } })
  const pass = (ms: number) => void (now += ms)
  return { keeping, plain, log, warnings, speak, expectSame, another, pass }
}

describe('analytics that are kept', () => {
  it('equal those that are read anew, also after a change, a withdrawal and an erasure', async () => {
    const { keeping, log, speak, expectSame } = await place()
    await expectSame()
    await speak('user 1', 'another', 'refund')
    const session = await keeping.for({ tenantId: 'acme', userId: 'user 2' }).get('user 2 0')
    await session.state.merge({ phase: 'checkout' })
    await expectSame()
    const user = { tenantId: 'acme', userId: 'user 3' }
    const { removed } = await keeping.consent.set(user, decision(false))
    expect(removed['analytics']).toBe(4)
    await expectSame()
    expect((await keeping.analytics(query)).withoutConsent).toBe(5)
    await keeping.consent.set(user, decision(true))
    await expectSame()
    const erased = { tenantId: 'acme', userId: 'user 5' }
    const { counts } = await keeping.privacy.erase({ ...erased, by: 'user 5', reason: 'article 17' })
    expect(counts['analytics']).toBe(6)
    await expectSame()
    expect(JSON.stringify(log.kept())).not.toMatch(/user \d|guest/)
    expect((await keeping.analytics({ tenantId: 'globex' })).total.sessions).toBe(0)
  })

  const user = { tenantId: 'acme', userId: 'user 3' }
  it.each([
    ['a withdrawal', 5, async (other: Sessions) => other.consent.set(user, decision(false))],
    [
      'a withdrawal that is taken back',
      6,
      async (other: Sessions) => {
        await other.consent.set(user, decision(false))
        await other.consent.set(user, decision(true))
      },
    ],
    [
      'an erasure',
      5,
      async (other: Sessions) => other.privacy.erase({ ...user, by: 'user 3', reason: 'article 17' }),
    ],
  ])('keep nothing that another process was about to write at the moment of %s', async (_, users, decide) => {
    const { keeping, log, another, expectSame } = await place()
    const { createdAt } = (await keeping.for(user).get('user 3 0')).record
    const { put } = log
    let isMet = false
    log.put = async (tenantId, kept) => {
      if (!isMet && kept.some((one) => one.createdAt === createdAt)) {
        isMet = true
        await decide(another())
      }
      await put(tenantId, kept)
    }
    await keeping.sweep({ tenants: ['acme'] })
    expect(isMet).toBe(true)
    log.put = put
    const units = log.kept().flatMap(({ facts }) => (facts?.isUsers === true ? [facts.unit] : []))
    expect(new Set(units).size).toBe(users)
    await expectSame()
  })

  it('remember sessions that are gone, for as long as retention says', async () => {
    const { log, keeping, plain, speak, pass } = await place()
    const before = await keeping.analytics(query)
    await keeping.for({ tenantId: 'acme', userId: 'user 4' }).delete('user 4 0')
    expect(await keeping.analytics(query)).toEqual(before)
    expect((await plain.analytics(query)).total.sessions).toBe(before.total.sessions - 1)
    pass(40 * dayMs)
    const forgetting = createSessions({
      store: memoryStore(),
      ...settings,
      analytics: { log },
      retention: { analyticsMs: 30 * dayMs },
    })
    await forgetting.sweep({ tenants: ['acme'] })
    expect(log.kept()).toEqual([])
    await speak('user 4', 'new', 'refund')
    expect((await keeping.analytics(query)).total.sessions).toBe(1)
  })

  it('are refused while the log is away, and no sweep fails for it', async () => {
    const { keeping, log, warnings } = await place()
    const { put } = log
    log.put = async () => {
      throw new Error('away')
    }
    await expect(keeping.analytics(query)).rejects.toThrow('away')
    await keeping.sweep({ tenants: ['acme'] })
    expect(warnings.map(({ code }) => code)).toContain('analytics_failed')
    log.put = put
    await keeping.sweep({ tenants: ['acme'] })
    expect((await keeping.analytics(query)).total.sessions).toBe(21)
  })

  it('need secrets that last, and a log', () => {
    const store = wrapStore(memoryStore(), async (_, call) => call())
    expect(() => createSessions({ store, analytics: { log: listLog() } })).toThrow('credentialSecrets')
    expect(() => createSessions({ ...settings, analytics: { log: {} as never } })).toThrow('analytics.log')
  })
})
