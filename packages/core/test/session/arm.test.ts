import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, type SessionsOptions } from '../../src/index.js'
import { pickArm } from '../../src/domain/experiment.js'
import { alice, bob, codeOf, service } from '../service.js'

const half = { arms: { a: 1, b: 1 } }

describe('armOf', () => {
  it('is the same for all sessions of a user in every process, and for one session where it is by session', async () => {
    const experiments = { checkout: half, colour: { ...half, by: 'session' as const } }
    const [one, two] = [service({ experiments }), service({ experiments })]
    const arms = { checkout: new Set<string>(), colour: new Set<string>() }
    for (let index = 0; index < 20; index++) {
      const session = await one.for(alice).create({ id: `s${index}` })
      const same = await two.for(alice).create({ id: `s${index}` })
      arms.checkout.add(await one.armOf(session, 'checkout'))
      const arm = await one.armOf(session, 'colour')
      arms.colour.add(arm)
      expect(await two.armOf(same, 'colour')).toBe(arm)
    }
    expect(arms.checkout.size).toBe(1)
    expect(arms.colour.size).toBe(2)
  })

  it('is stored and told once, whatever the options say later, until there is another version', async () => {
    const store = memoryStore()
    const named = (arm: string, version: string) =>
      service({ store, experiments: { checkout: { ...half, version, armOf: () => arm } } })
    const first = named('a', '1')
    const session = await first.for(alice).create({ id: 'one' })
    for (let index = 0; index < 3; index++) expect(await first.armOf(session, 'checkout')).toBe('a')
    expect(first.events.filter(({ type }) => type === 'experiment.assigned')).toMatchObject([
      { experiment: 'checkout', arm: 'a', version: '1' },
    ])
    const again = async (sessions: typeof first) =>
      sessions.armOf(await sessions.for(alice).get('one'), 'checkout')
    expect(await again(named('b', '1'))).toBe('a')
    expect(await again(named('b', '2'))).toBe('b')
  })

  it('stays beside the arms of other services that share the session, of which the oldest go past fifty', async () => {
    const store = memoryStore()
    const numbered = (from: number, to: number) =>
      service({
        store,
        experiments: Object.fromEntries(
          Array.from({ length: to - from }, (_, index) => [
            `e${from + index}`,
            { ...half, armOf: () => 'a' },
          ]),
        ),
      })
    const [one, other, later] = [numbered(0, 1), numbered(1, 50), numbered(50, 52)]
    const session = await one.for(alice).create({ id: 'one' })
    await one.armOf(session, 'e0')
    for (let index = 1; index < 50; index++) await other.armOf(await other.for(alice).get('one'), `e${index}`)
    const toldBy = async (sessions: typeof one, experiment: string) => {
      const before = sessions.events.length
      await sessions.armOf(await sessions.for(alice).get('one'), experiment)
      return sessions.events.slice(before).filter(({ type }) => type === 'experiment.assigned').length
    }
    expect(await toldBy(one, 'e0')).toBe(0)
    await later.armOf(await later.for(alice).get('one'), 'e50')
    await later.armOf(await later.for(alice).get('one'), 'e51')
    expect(await toldBy(other, 'e2')).toBe(0)
    expect(await toldBy(one, 'e0')).toBe(1)
  })

  it('is decided anew where the options have the arm no more', async () => {
    const store = memoryStore()
    const first = service({ store, experiments: { checkout: { arms: { a: 1 } } } })
    await first.armOf(await first.for(alice).create({ id: 'one' }), 'checkout')
    const second = service({ store, experiments: { checkout: { arms: { b: 1 } } } })
    expect(await second.armOf(await second.for(alice).get('one'), 'checkout')).toBe('b')
  })

  it('goes by the weights, and independently in experiments, versions and tenants', async () => {
    const weighted = { arms: { none: 0, rare: 1, often: 3 } }
    const count = async (experiment: string, version: string, tenantId: string) => {
      const arms = await Promise.all(
        Array.from({ length: 4000 }, (_, index) =>
          pickArm({ ...weighted, version }, { experiment, tenantId, sessionId: '', userId: `u${index}` }),
        ),
      )
      return arms
    }
    const one = await count('checkout', '1', 'acme')
    const rare = one.filter((arm) => arm === 'rare').length
    expect(one).not.toContain('none')
    expect(Math.abs(rare - 1000)).toBeLessThan(120)
    for (const other of [
      await count('colour', '1', 'acme'),
      await count('checkout', '2', 'acme'),
      await count('checkout', '1', 'globex'),
    ]) {
      const both = one.filter((arm, index) => arm === 'rare' && other[index] === 'rare').length
      expect(Math.abs(both - 250)).toBeLessThan(75)
    }
  })

  it('agrees when callers ask at once, and comes with an export', async () => {
    let next = 0
    const experiments = { checkout: { ...half, armOf: () => (next++ % 2 === 0 ? 'a' : 'b') } }
    const sessions = service({ experiments })
    const mine = sessions.for(alice)
    await mine.create({ id: 'one' })
    const handles = await Promise.all(Array.from({ length: 8 }, async () => mine.get('one')))
    const arms = await Promise.all(handles.map(async (handle) => sessions.armOf(handle, 'checkout')))
    expect(new Set(arms).size).toBe(1)
    const other = service({ experiments })
    await other.for(alice).import(mine.export())
    expect(await other.armOf(await other.for(alice).get('one'), 'checkout')).toBe(arms[0])
  })

  it('refuses what is not among the options, and wrong options', async () => {
    const sessions = service({ experiments: { checkout: { ...half, armOf: () => 'c' } } })
    const session = await sessions.for(bob).create()
    expect(await codeOf(sessions.armOf(session, 'constructor'))).toBe('invalid')
    expect(await codeOf(sessions.armOf(session, 'checkout'))).toBe('invalid')
    const wrong = (experiments: object, path: string) =>
      expect(() => createSessions({ experiments } as SessionsOptions)).toThrow(
        expect.objectContaining({ code: 'invalid', path }),
      )
    wrong({ checkout: {} }, 'experiments.checkout.arms')
    wrong({ checkout: { arms: { a: -1 } } }, 'experiments.checkout.arms.a')
    wrong({ checkout: { arms: { a: 0 } } }, 'experiments.checkout.arms')
    wrong({ checkout: { ...half, by: 'tenant' } }, 'experiments.checkout.by')
    wrong({ 'a b': half }, 'experiments.a b')
    wrong({ checkout: { ...half, weight: 1 } }, 'experiments.checkout.weight')
  })
})
