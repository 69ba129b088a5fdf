import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { alice, anonymous, bob, codeOf, service } from '../service.js'
import { settings } from './user-data.js'

const says = (purpose: string, granted: boolean) => ({ purpose, granted, version: '1', source: 'page' })
const said = { role: 'user' as const, content: 'I like red' }
const red = { text: 'likes red' }

/** A user of whom there is something for each purpose. */
async function scene(changed: (store: SessionStore) => Partial<SessionStore> = () => ({})) {
  const store = memoryStore()
  const sessions = service({
    ...settings,
    store: { ...store, ...changed(store) },
    consent: { unsaid: { analytics: true, memory: true } },
  })
  const mine = sessions.for(alice)
  const session = await mine.create({ preferences: { color: 'red' }, messages: [said] })
  await session.remember(red, { scope: 'user' })
  const pseudonym = await sessions.privacy.pseudonym(alice)
  const facts = async () => ({
    preferences: await (await mine.get(session.id)).preferences.get(),
    memory: (await mine.memory.list()).length,
  })
  return { store, sessions, mine, session, pseudonym, facts }
}

describe('who withdraws', () => {
  it('analytics has another pseudonym later, and loses nothing else', async () => {
    const { sessions, mine, pseudonym, facts } = await scene()
    expect((await mine.consent.set(says('analytics', false))).removed).toEqual({ pseudonyms: 1 })
    expect(await codeOf(sessions.privacy.pseudonym(alice))).toBe('consent_missing')
    expect(await facts()).toEqual({ preferences: { color: 'red' }, memory: 1 })
    expect((await mine.consent.set(says('analytics', false))).removed).toEqual({})
    await mine.consent.set(says('analytics', true))
    const later = await sessions.privacy.pseudonym(alice)
    expect(later).toMatch(/^[\w-]{22}$/)
    expect(later).not.toBe(pseudonym)
    expect(await sessions.privacy.pseudonym(alice)).toBe(later)
    expect(await sessions.privacy.pseudonym(bob)).not.toBe(later)
  })

  it('memory, or personalization, loses that alone', async () => {
    const one = await scene()
    expect((await one.mine.consent.set(says('memory', false))).removed).toEqual({ memory: 1 })
    expect((await one.facts()).preferences).toEqual({ color: 'red' })
    expect(await one.sessions.privacy.pseudonym(alice)).toBe(one.pseudonym)
    expect((await one.mine.consent.set(says('memory', false))).removed).toEqual({})
    const other = await scene()
    expect((await other.mine.consent.set(says('personalization', false))).removed).toEqual({ preferences: 1 })
    expect(await other.facts()).toEqual({ preferences: {}, memory: 1 })
    expect((await other.mine.consent.set(says('personalization', false))).removed).toEqual({})
  })

  it('something of the application’s own loses nothing', async () => {
    const { mine, facts } = await scene()
    expect((await mine.consent.set(says('newsletter', false))).removed).toEqual({})
    expect(await facts()).toEqual({ preferences: { color: 'red' }, memory: 1 })
  })

  it('storage loses all of it, each counted once', async () => {
    const { sessions, mine } = await scene()
    const { removed } = await mine.consent.set(says('storage', false))
    expect(removed).toMatchObject({ sessions: 1, messages: 1, memory: 1, pseudonyms: 1 })
    expect(removed).not.toHaveProperty('preferences')
    expect(await mine.memory.list()).toEqual([])
    expect((await sessions.consent.get(alice)).purposes['storage']?.granted).toBe(false)
  })

  it('personalization loses the preferences of every page of sessions, but of those that are gone just then', async () => {
    let isGone = false
    const { sessions, mine } = await scene((store) => ({
      list: async (query) => store.list({ ...query, limit: 1 }),
      async read(ref, options) {
        if (ref.id === 'gone' && isGone) await store.remove(ref)
        return store.read(ref, options)
      },
      async commit(ref, change) {
        if (ref.id === 'late' && isGone) throw new SessionError('not_found', 'just now')
        return store.commit(ref, change)
      },
    }))
    for (const id of ['a', 'b', 'gone', 'late']) await mine.create({ id, preferences: { color: 'red' } })
    await mine.create({ id: 'none' })
    isGone = true
    const { removed } = await sessions.for(alice).consent.set(says('personalization', false))
    expect(removed).toEqual({ preferences: 3 })
    for (const id of ['a', 'b'])
      expect(await (await sessions.for(alice).get(id)).preferences.get()).toEqual({})
  })

  it('and meets a store that does not answer, has not withdrawn it', async () => {
    let isAway = false
    const { mine } = await scene((store) => ({
      async commit(ref, change) {
        if (ref.id === 'one' && isAway) throw new SessionError('unavailable', 'away')
        return store.commit(ref, change)
      },
    }))
    await mine.create({ id: 'one', preferences: { color: 'red' } })
    isAway = true
    expect(await codeOf(mine.consent.set(says('personalization', false)))).toBe('unavailable')
    isAway = false
    const shown = async () => (await mine.get('one')).preferences.get()
    expect(await shown()).toEqual({ color: 'red' })
    await mine.consent.set(says('personalization', false))
    expect(await shown()).toEqual({})
  })
})

describe('the holder of an anonymous session who says something', () => {
  it('loses what it is about, and nothing else', async () => {
    const { sessions } = await scene()
    const session = await sessions.for(anonymous).create({ preferences: { color: 'red' } })
    expect((await session.consent.set(says('personalization', true))).removed).toEqual({})
    expect((await session.consent.set(says('newsletter', false))).removed).toEqual({})
    expect(await session.preferences.get()).toEqual({ color: 'red' })
    expect((await session.consent.set(says('personalization', false))).removed).toEqual({ preferences: 1 })
    expect(await session.preferences.get()).toEqual({})
    expect((await session.consent.set(says('personalization', false))).removed).toEqual({})
    await session.append([
      { role: 'user', content: 'one' },
      { role: 'user', content: 'two' },
    ])
    expect((await session.consent.set(says('storage', false))).removed).toEqual({ sessions: 1, messages: 2 })
  })
})

it('asks for a setting by its name, where it is missing', async () => {
  const pathOf = async (sessions: ReturnType<typeof service>) =>
    sessions.consent.set(alice, says('memory', true)).catch(({ path }: { path: string }) => path)
  expect(await pathOf(service(settings))).toBe('consent')
  expect(await pathOf(service({ store: memoryStore(), consent: {} }))).toBe('credentialSecrets')
})

it('refuses a decision with the path of what is wrong, and takes the longest that it may', async () => {
  const { sessions } = await scene()
  const pathOf = async (change: object) =>
    sessions.consent.set(alice, { ...says('own', true), ...change }).then(
      () => undefined,
      ({ path }: { path?: string }) => path,
    )
  for (const purpose of ['', 'A', ' a', 'a ', '.a', 'x'.repeat(61)])
    expect(await pathOf({ purpose })).toMatch(/purpose/)
  for (const purpose of ['a', '0', 'a.b_c-d', 'x'.repeat(60)])
    expect(await pathOf({ purpose })).toBeUndefined()
  expect(await pathOf({ granted: 'yes' })).toMatch(/granted/)
  const own = async (index: number) => pathOf({ purpose: `own-${index}` })
  for (let index = 0; index < 46; index++) expect(await own(index)).toBeUndefined()
  expect(await own(46)).toBe('purpose')
})
