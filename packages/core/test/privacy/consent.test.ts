import { describe, expect, it } from 'vitest'
import { memoryStore, type Sessions, type SessionStore } from '../../src/index.js'
import { createSessionApi } from '../../src/http/api.js'
import { changingStore } from '../changing-store.js'
import { codeOf, service } from '../service.js'
import { canaries, dumpOf, settings, user, withUserData } from './user-data.js'

const alice = user
const says = (purpose: string, granted: boolean) => ({
  purpose,
  granted,
  version: '3',
  source: 'settings page',
})
const asking = (store: SessionStore = memoryStore(), unsaid?: Record<string, boolean>): Sessions =>
  service({ store, ...settings, consent: unsaid === undefined ? {} : { unsaid } })
const said = { role: 'user' as const, content: 'canary word' }
const grants = (decision: object) => ({ purposes: decision })

describe('a decision', () => {
  it('is noted with version, source and time, and what was decided before stays', async () => {
    const { consent } = asking().for(alice)
    expect(await consent.get()).toEqual({ purposes: {}, history: [] })
    await consent.set(says('analytics', true))
    const { consents, removed } = await consent.set({ ...says('analytics', false), version: '4' })
    const about = { source: 'settings page', at: expect.any(Number) }
    expect(consents).toEqual({
      purposes: { analytics: { granted: false, version: '4', ...about } },
      history: [
        { purpose: 'analytics', granted: true, version: '3', ...about },
        { purpose: 'analytics', granted: false, version: '4', ...about },
      ],
    })
    expect(removed).toEqual({})
    expect(await consent.get()).toEqual(consents)
  })

  it('is one of a hundred that are known, on one of fifty purposes', async () => {
    const { consent } = asking().for(alice)
    for (let n = 0; n < 120; n++) await consent.set({ ...says('newsletter', true), version: String(n) })
    const { history } = await consent.get()
    expect(history.map(({ version }) => version)).toEqual(
      Array.from({ length: 100 }, (_, n) => String(n + 20)),
    )
    for (let n = 1; n < 50; n++) await consent.set(says(`own-${n}`, true))
    expect(await codeOf(consent.set(says('one-too-many', true)))).toBe('limit_reached')
  })

  it('on what the library itself does can be made at any time, also when there are fifty others', async () => {
    const sessions = asking()
    const mine = sessions.for(alice)
    await mine.create({ preferences: { colour: 'red' } })
    for (let n = 0; n < 50; n++) await mine.consent.set(says(`own-${n}`, true))
    for (const purpose of ['personalization', 'analytics', 'memory', 'storage'])
      expect(await codeOf(mine.consent.set(says(purpose, false))), purpose).toBe('settled')
    expect(await sessions.for(alice).count()).toBe(0)
    expect(await codeOf(mine.consent.set(says('one-too-many', true)))).toBe('limit_reached')
  })

  it('of a guest is kept with a session as far as there is room, and the session is bound', async () => {
    const sessions = asking()
    const { consent } = sessions.for(alice)
    for (let n = 0; n < 49; n++) await consent.set(says(`own-${n}`, true))
    const guest = await sessions.for({ tenantId: alice.tenantId }).create()
    for (const purpose of ['first', 'second', 'analytics', 'own-3'])
      await guest.consent.set(says(purpose, false))
    const credential = await guest.credential()
    const session = await sessions.for(alice).findByCredential(credential)
    expect(await codeOf(session!.bind())).toBe('settled')
    const { purposes } = await consent.get()
    expect(purposes).toMatchObject({
      first: { granted: false },
      analytics: { granted: false },
      'own-3': { granted: false },
    })
    expect(purposes).not.toHaveProperty('second')
  })

  it('is refused when it is none, and where nobody asks for consent', async () => {
    const { consent } = asking()
    for (const wrong of [{ purpose: '' }, { purpose: 'A B' }, { version: '' }, { granted: 1 }, { more: 1 }])
      expect(await codeOf(consent.set(alice, { ...says('memory', true), ...wrong } as never))).toBe('invalid')
    expect(await codeOf(consent.set(alice, undefined as never))).toBe('invalid')
    expect(await codeOf(service(settings).consent.set(alice, says('memory', true)))).toBe('invalid')
    expect(await codeOf(asking().for({ tenantId: 'acme' }).consent.get())).toBe('unauthenticated')
  })

  it.each([
    ['storage', true],
    ['personalization', true],
    ['analytics', false],
    ['memory', false],
    ['newsletter', false],
  ])('on %s: when nothing was said, it is %s', async (purpose, usual) => {
    expect(await asking().consent.allows(alice, purpose)).toBe(usual)
    expect(await asking(memoryStore(), { [purpose]: !usual }).consent.allows(alice, purpose)).toBe(!usual)
    expect(await service(settings).consent.allows(alice, purpose)).toBe(true)
    const mine = asking().for({ ...alice, consents: { [purpose]: !usual } })
    expect(await mine.consent.allows(purpose)).toBe(!usual)
    // Of what is known in two places, either can deny.
    await mine.consent.set(says(purpose, usual))
    expect(await mine.consent.allows(purpose)).toBe(false)
  })
})

describe('without consent to storage', () => {
  it('a session lives in one object, works there, and leaves nothing', async () => {
    const store = memoryStore()
    const sessions = asking(store, { storage: false })
    const mine = sessions.for(alice)
    expect(await mine.keepsSessions()).toBe(false)
    const session = await mine.open('one', { title: 'canary title', state: { a: 'canary state' } })
    expect(session.isKept).toBe(false)
    await session.append(said)
    const turn = await session.turn('canary word', () => 'canary reply').result
    expect(turn.status).toBe('completed')
    expect((await session.context({ maxTokens: 1000 })).messages).toHaveLength(3)
    const fork = await mine.fork(await mine.get('one'))
    expect(await fork.allMessages()).toHaveLength(3)
    const draft = mine.draft()
    await draft.append(said)
    expect(draft.isKept).toBe(false)
    await mine.append('one', said)
    expect(await codeOf(sessions.for(alice).get('one'))).toBe('not_found')
    const dump = await dumpOf(store, 'acme')
    for (const canary of canaries) expect(dump).not.toContain(canary)
    expect((await store.list({ tenantId: 'acme', limit: 10 })).items).toEqual([])
  })

  it('budgets hold all the same', async () => {
    const options = { ...settings, consent: { unsaid: { storage: false } } }
    const sessions = service({ ...options, budgets: [{ scope: 'user', maxTokens: 10 }] })
    const ask = async () =>
      codeOf(
        (await sessions.for(alice).create()).turn('hi', () => [{ type: 'usage', inputTokens: 10 }, 'ok'])
          .result,
      )
    expect(await ask()).toBe('settled')
    expect(await ask()).toBe('budget_exceeded')
  })

  it('the HTTP API hands out no credential, and keeps no answer', async () => {
    const store = memoryStore()
    const sessions = asking(store, { storage: false })
    for (const identity of [alice, { tenantId: 'acme' }]) {
      const api = createSessionApi({ sessions, header: true, identify: () => identity })
      const headers = { 'content-type': 'application/json', 'idempotency-key': 'k'.repeat(32) }
      const request = { method: 'POST', headers, body: '{"title":"canary title"}' }
      const response = await api.handle(new Request('https://api.test/sessions', request))
      expect(response.status).toBe(201)
      expect(response.headers.get('set-cookie')).toBeNull()
      expect(response.headers.get('x-session-id')).toBeNull()
    }
    expect(await dumpOf(store, 'acme')).toBe('[]')
  })

  it('what was a guest’s is not bound, and no transfer is redeemed', async () => {
    const store = memoryStore()
    const sessions = asking(store)
    const guest = await sessions.for({ tenantId: 'acme' }).create()
    await sessions.consent.set(alice, says('storage', false))
    const mine = sessions.for(alice)
    expect(await codeOf((await mine.findByCredential(await guest.credential()))!.bind())).toBe(
      'consent_missing',
    )
    const { secret } = await guest.transfer({ mode: 'copy' })
    expect(await codeOf(mine.redeem({ secret }))).toBe('consent_missing')
  })
})

describe('a withdrawal', () => {
  it('of storage removes what the user has, counts it, and keeps the decision', async () => {
    const store = memoryStore()
    const { counts } = await withUserData(store)
    const sessions = asking(store)
    const { removed } = await sessions.for(alice).consent.set(says('storage', false))
    expect(removed).toMatchObject(counts)
    const dump = await dumpOf(store, 'acme')
    for (const canary of canaries) expect(dump).not.toContain(canary)
    expect(await sessions.consent.get(alice)).toMatchObject(grants({ storage: { granted: false } }))
    expect((await sessions.for(alice).create()).isKept).toBe(false)
    await sessions.consent.set(alice, says('storage', true))
    expect((await sessions.for(alice).create()).isKept).toBe(true)
  })

  it('of storage wins, at whatever moment it comes, against a session that is being made', async () => {
    for (let at = 1, calls = 1; at <= calls; at++) {
      const inner = memoryStore()
      const other = asking(inner)
      const meeting = changingStore(inner, (call) =>
        call === at ? other.consent.set(alice, says('storage', false)) : undefined,
      )
      await codeOf(
        asking(meeting.store)
          .for(alice)
          .create({ messages: [said] }),
      )
      calls = meeting.calls.length
      expect(await dumpOf(inner, 'acme'), `after call ${at}`).not.toContain('canary')
    }
  })

  it('of personalization empties preferences, and none are stored from then on', async () => {
    const store = memoryStore()
    const sessions = asking(store)
    const mine = sessions.for(alice)
    const session = await mine.create({ preferences: { budget: 'canary' }, state: { a: 1 } })
    await mine.create()
    expect((await mine.consent.set(says('personalization', false))).removed).toEqual({ preferences: 1 })
    expect((await session.read()).state).toEqual({ a: 1 })
    expect(await dumpOf(store, 'acme')).not.toContain('canary')
    const later = sessions.for(alice)
    expect(await codeOf((await later.get(session.id)).preferences.merge({ a: 1 }))).toBe('consent_missing')
    expect(await codeOf(later.create({ preferences: { a: 1 } }))).toBe('consent_missing')
    const guest = await sessions.for({ tenantId: 'acme' }).create({ preferences: { budget: 'canary' } })
    const held = (await later.findByCredential(await guest.credential()))!
    expect(await (await later.fork(held)).preferences.get()).toEqual({})
    await held.bind()
    expect(await held.preferences.get()).toEqual({})
  })

  it('has the host remove what it keeps, as often as it takes', async () => {
    const told: object[] = []
    let isDown = true
    const sessions = service({
      ...settings,
      consent: {
        onWithdraw: [
          async (withdrawal) => {
            told.push(withdrawal)
            return { views: 2, preferences: 1 }
          },
          async ({ purpose }) => {
            if (isDown && purpose === 'personalization') throw new Error('down')
          },
        ],
      },
    })
    const mine = sessions.for(alice)
    await mine.create({ preferences: { budget: 1 } })
    await mine.consent.set(says('personalization', true))
    expect(told).toEqual([])
    await expect(mine.consent.set(says('personalization', false))).rejects.toThrow('down')
    expect((await mine.consent.get()).purposes['personalization']?.granted).toBe(false)
    isDown = false
    expect((await mine.consent.set(says('personalization', false))).removed).toEqual({
      preferences: 1,
      views: 2,
    })
    const guest = await sessions.for({ tenantId: 'acme' }).create()
    await guest.consent.set(says('newsletter', false))
    await (await mine.findByCredential(await guest.credential()))!.bind()
    expect(told).toEqual(
      ['personalization', 'personalization', 'newsletter'].map((purpose) => ({ ...alice, purpose })),
    )
  })
})

describe('the holder of an anonymous session', () => {
  it('decides in the session', async () => {
    const session = await asking()
      .for({ tenantId: 'acme' })
      .create({ preferences: { a: 1 } })
    expect((await session.consent.set(says('analytics', true))).removed).toEqual({})
    expect(await session.consent.allows('analytics')).toBe(true)
    expect((await session.consent.set(says('personalization', false))).removed).toEqual({ preferences: 1 })
    expect(await codeOf(session.preferences.merge({ a: 1 }))).toBe('consent_missing')
    const { removed } = await session.consent.set(says('storage', false))
    expect(removed).toEqual({ sessions: 1, messages: 0 })
    expect(await codeOf(session.read())).toBe('not_found')
  })

  it('takes the decisions along when it is bound, and the stricter wins', async () => {
    const sessions = asking()
    const mine = sessions.for(alice)
    const other = await mine.create({ preferences: { a: 1 } })
    for (const change of [says('analytics', false), says('newsletter', true), says('personalization', true)])
      await mine.consent.set(change)
    const guest = await sessions.for({ tenantId: 'acme' }).create()
    for (const change of [says('analytics', true), says('own', true), says('personalization', false)])
      await guest.consent.set(change)
    const session = (await mine.findByCredential(await guest.credential()))!
    await session.bind()
    expect(await mine.consent.get()).toMatchObject(
      grants({
        analytics: { granted: false },
        newsletter: { granted: true },
        own: { granted: true },
        personalization: { granted: false },
      }),
    )
    expect(await other.preferences.get()).toEqual({})
    expect(await session.consent.get()).toEqual(await mine.consent.get())
  })
})

it('asks the store once in a request, and not at all for an append', async () => {
  const inner = memoryStore()
  const mine = asking(inner).for(alice)
  const { id } = await mine.create()
  const counted = changingStore(inner, () => undefined)
  const later = asking(counted.store).for(alice)
  await later.append(id, said)
  expect(counted.calls).toEqual(['commit'])
  await later.keepsSessions()
  await later.create()
  // The last read is the one by which a creation and a withdrawal see each other.
  expect(counted.calls.slice(1).filter((call) => call === 'read')).toHaveLength(2)
})

describe('a purpose', () => {
  it('must be one, and is denied by its own name alone', async () => {
    const sessions = asking()
    const mine = sessions.for({ ...alice, consents: { newsletter: true } })
    for (const wrong of [
      undefined,
      null,
      5,
      {},
      [],
      Object.create(null),
      Symbol('x'),
      '',
      'A b',
      'x'.repeat(61),
    ]) {
      expect(await codeOf(mine.consent.allows(wrong as never))).toBe('invalid')
      expect(await codeOf(sessions.consent.allows(alice, wrong as never))).toBe('invalid')
    }
    // Names that every object answers to.
    for (const odd of ['constructor', 'valueof', '0']) expect(await mine.consent.allows(odd)).toBe(false)
    expect(await mine.consent.allows('newsletter')).toBe(true)
  })

  it('is no matter for a session whose preferences are nothing', async () => {
    expect(
      await codeOf(
        asking()
          .for(alice)
          .create({ preferences: null as never }),
      ),
    ).toBe(
      await codeOf(
        service()
          .for(alice)
          .create({ preferences: null as never }),
      ),
    )
  })
})
