import { describe, expect, it } from 'vitest'
import {
  createSessions,
  memoryStore,
  SessionError,
  type Sessions,
  type SessionsOptions,
  type SessionStore,
} from '../../src/index.js'
import { alice, anonymous, codeOf } from '../service.js'
import { listIndex } from './list-index.js'

const credentialSecrets = ['a secret that all processes know, and nobody else']
const said = (content: string) => ({ role: 'user' as const, content })
const minute = 60_000

/** A store with a clock of its own, an index, processes over both, and what they warned of. */
function place() {
  let now = Date.parse('2026-03-01T10:00:00Z')
  const shared: SessionStore = memoryStore({ clock: () => now })
  const index = listIndex()
  const warnings: string[] = []
  const process = (options: SessionsOptions = {}): Sessions =>
    createSessions({
      store: shared,
      credentialSecrets,
      search: { index },
      onWarning: ({ code }) => warnings.push(code),
      ...options,
    })
  const notes = async () =>
    (await shared.list({ tenantId: '~search:acme', label: 'note', limit: 10 })).items.length
  const words = (): string[] =>
    index
      .rows()
      .flatMap(({ terms }) => terms.map(([term]) => term))
      .toSorted()
  return { shared, index, process, notes, words, warnings, pass: (ms: number) => void (now += ms) }
}

const found = async (sessions: Sessions, text: string): Promise<string[]> =>
  (await sessions.for(alice).search({ text })).items.map(({ excerpt }) => excerpt.text)

describe('an index of the search lets go of', () => {
  it('what a session drops when it begins anew, and what is left of its title', async () => {
    const { process, words, notes, pass } = place()
    const sessions = process()
    const session = await sessions.for(alice).open('one', { title: 'fig' })
    await session.append([said('apple'), said('banana')])
    await sessions.settled()
    expect(words()).toEqual(['appl', 'banana', 'fig'])
    await session.reset()
    await session.append(said('cherry'))
    await sessions.settled()
    expect(words().filter((word) => word !== 'fig')).toEqual(['cherri'])
    expect(words().includes('fig')).toBe(session.record.title !== undefined)
    pass(3 * minute)
    await sessions.sweep({ tenants: ['acme'] })
    expect([words().filter((word) => word !== 'fig'), await notes()]).toEqual([['cherri'], 0])
  })

  it('a history that has expired, which no search shows before that', async () => {
    for (const isIndexed of [true, false]) {
      const { shared, process, words, pass } = place()
      const ttl = { historyMs: 60 * minute }
      const sessions = isIndexed
        ? process({ ttl })
        : createSessions({ store: shared, credentialSecrets, ttl })
      const session = await sessions.for(alice).open('one')
      await session.append([said('apple'), said('apple too')])
      expect(await found(sessions, 'apple')).toHaveLength(2)
      pass(60 * minute + 1)
      // Tells the process what time it is.
      await (await sessions.for(alice).open('other')).append(said('damson'))
      expect(await found(sessions, 'apple')).toEqual([])
      await session.append(said('cherry'))
      expect(await found(sessions, 'cherry')).toEqual(['cherry'])
      await sessions.settled()
      if (isIndexed) expect(words()).toEqual(['cherri', 'damson'])
    }
  })

  it('a title when the next one says nothing', async () => {
    const { process, words } = place()
    const sessions = process()
    const session = await sessions.for(alice).open('one', { title: 'fig' })
    await sessions.settled()
    await session.edit({ title: 'What is it?' })
    await sessions.settled()
    expect(words()).toEqual([])
  })

  it('a message that says nothing any more, also when nobody heard of it', async () => {
    const { shared, process, words, pass } = place()
    const sessions = process()
    const session = await sessions.for(alice).open('one')
    await session.append([said('apple'), said('banana')])
    await session.amend(1, { content: 'What is it?' })
    await sessions.settled()
    expect(words()).toEqual(['banana'])
    const deaf = createSessions({ store: shared, credentialSecrets })
    await (await deaf.for(alice).get('one')).amend(2, { content: 'What is it?' })
    pass(3 * minute)
    // A note of the session, as a process leaves it that died: the sweep looks at all of it.
    const note = { revision: 0, incarnation: 'n', label: 'note', body: JSON.stringify({ sessionId: 'one' }) }
    await shared.commit({ tenantId: '~search:acme', id: 'left' }, note)
    pass(3 * minute)
    await sessions.sweep({ tenants: ['acme'] })
    expect(words()).toEqual([])
  })

  it('a session when it ends, and not when its words were put with an earlier deadline', async () => {
    const { index, shared, process, words, pass } = place()
    const sessions = process()
    const session = await sessions.for(alice).open('one')
    await session.append(said('apple'))
    await sessions.settled()
    pass(12 * 60 * minute)
    await session.state.merge({ phase: 'later' })
    pass(13 * 60 * minute)
    await sessions.sweep({ tenants: ['acme'] })
    expect(words()).toEqual(['appl'])
    const { expiresAt } = (await shared.read({ tenantId: 'acme', id: 'one' }))!.record
    expect(index.rows().map((row) => row.expiresAt)).toEqual([expiresAt])
    // Another one of the same id is another session.
    await shared.remove({ tenantId: 'acme', id: 'one' })
    await shared.commit({ tenantId: 'acme', id: 'one' }, { revision: 0, incarnation: 'other', body: '{}' })
    pass(12 * 60 * minute)
    await sessions.sweep({ tenants: ['acme'] })
    expect(words()).toEqual([])
  })
})

describe('an index of the search is told', () => {
  it('of sessions that are imported, and of their titles', async () => {
    const { process, words, notes } = place()
    const before = memoryStore({ clock: () => Date.parse('2026-03-01T10:00:00Z') })
    const from = createSessions({ store: before, credentialSecrets })
    const session = await from.for(alice).open('one', { title: 'fig' })
    await session.append([said('apple'), said('banana')])
    const lines: string[] = []
    for await (const line of from.for(alice).export()) lines.push(line)
    const sessions = process()
    expect((await sessions.for(alice).import(lines)).imported).toEqual(['one'])
    await sessions.settled()
    expect(words()).toEqual(['appl', 'banana', 'fig'])
    expect(await found(sessions, 'banana')).toEqual(['banana'])
    expect(await notes()).toBe(0)
  })

  it('of every message of a long session by one sweep, under its owner', async () => {
    const { shared, index, process } = place()
    const before = createSessions({ store: shared, credentialSecrets })
    const many = Array.from({ length: 450 }, (_, at) => said(`grape ${at}`))
    await (await before.for(alice).open('old')).append(many)
    await (await before.for(anonymous).create()).append(said('grape'))
    const sessions = process()
    await sessions.sweep({ tenants: ['acme'] })
    const of = (isAlice: boolean) =>
      index
        .rows()
        .filter(({ user }) => (user !== undefined) === isAlice)
        .map(({ seq }) => seq)
    expect(of(true).toSorted((a, b) => a - b)).toEqual(many.map((_, at) => at + 1))
    expect(of(false)).toEqual([1])
    expect((await sessions.for(alice).search({ text: 'grape 7' })).complete).toBe(true)
  })

  it('nothing by what is refused, and no note is left of it', async () => {
    const { process, words, notes } = place()
    const sessions = process()
    const session = await sessions.for(alice).open('one')
    await session.append(said('apple'))
    expect(await codeOf(session.redact(7))).toBe('invalid')
    expect(await session.amend(1, { content: 'apple' })).toMatchObject({ content: 'apple' })
    expect(await codeOf(sessions.for(alice).delete('none'))).toBe('not_found')
    await sessions.settled()
    expect([words(), await notes()]).toEqual([['appl'], 0])
  })

  it('at last, and searches say until then that they may not find all of it', async () => {
    const { index, process, pass } = place()
    const writeless = { ...index, put: async () => Promise.reject(new Error('read-only')) }
    const [sessions, others] = [process({ search: { index: writeless } }), process()]
    await others.sweep({ tenants: ['acme'] })
    const search = async (by: Sessions) => {
      const { items, complete } = await by.for(alice).search({ text: 'apple' })
      return [items.length, complete]
    }
    expect(await search(sessions)).toEqual([0, true])
    pass(minute)
    await (await sessions.for(alice).open('one')).append(said('apple'))
    expect(await search(sessions)).toEqual([0, false])
    pass(minute)
    // Whoever sweeps.
    await others.sweep({ tenants: ['acme'] })
    expect(await search(sessions)).toEqual([1, true])
  })

  it('as soon as it is back, and its operator hears that it was away', async () => {
    const { index, process, warnings, words, pass } = place()
    const sessions = process()
    const session = await sessions.for(alice).open('one')
    await session.append(said('apple'))
    index.failing = true
    await session.redact(1)
    await sessions.settled()
    expect(warnings.filter((code) => code === 'search_failed')).toHaveLength(2)
    await sessions.sweep({ tenants: ['acme'] })
    expect(warnings.filter((code) => code === 'search_failed')).toHaveLength(3)
    index.failing = false
    pass(3 * minute)
    await sessions.sweep({ tenants: ['acme'] })
    expect(words()).toEqual(['redact'])
  })
})

it('a store that is full lets sessions be deleted, and their words go', async () => {
  const { shared, process, words } = place()
  let isFull = false
  const store: SessionStore = {
    ...shared,
    commit: async (ref, change) => {
      if (isFull) throw new SessionError('store_full', 'There is no room.')
      return shared.commit(ref, change)
    },
  }
  const sessions = process({ store })
  const session = await sessions.for(alice).open('one')
  await session.append(said('apple'))
  await sessions.settled()
  isFull = true
  // What frees nothing has to wait for room.
  expect(await codeOf(session.redact(1))).toBe('store_full')
  expect(await codeOf(session.delete())).toBe('settled')
  await sessions.settled()
  expect([words(), await shared.read(session.ref)]).toEqual([[], undefined])
})

describe('a sweep takes out of an index of the search', () => {
  it.each(['reset', 'delete'] as const)(
    'what another process put after the %s, also where the session says nothing since',
    async (how) => {
      const { process, index, words, pass } = place()
      const [slow, sessions] = [process(), process()]
      await (await slow.for(alice).open('one')).append([said('apple'), said('banana')])
      // It has put nothing yet.
      expect(words()).toEqual([])
      const session = await sessions.for(alice).get('one')
      if (how === 'reset') await session.reset()
      else await session.delete()
      await sessions.for(alice).open('one')
      await sessions.settled()
      await slow.settled()
      expect(words()).toEqual(['appl', 'banana'])
      pass(3 * minute)
      await sessions.sweep({ tenants: ['acme'] })
      expect(words()).toEqual([])
      expect(index.rows()).toEqual([])
    },
  )

  it('all sessions that have ended, and all that were deleted, however many in an hour', async () => {
    const { shared, process, words, pass } = place()
    const limits = { maxSessions: 10_000, maxSessionsPerUser: 10_000 }
    const sessions = process({ limits, ttl: { idleMs: 10 * minute } })
    const mine = sessions.for(alice)
    for (let n = 0; n < 450; n++)
      await (await mine.create({ id: `s${n}` })).append(said(n < 230 ? 'apple' : 'banana'))
    await sessions.settled()
    for (let n = 0; n < 230; n++) await mine.delete(`s${n}`)
    await sessions.settled()
    const notes = async () => {
      const query = { tenantId: '~search:acme', label: 'note', limit: 1000 }
      return (await shared.list(query)).items.length
    }
    expect([words().length, await notes()]).toEqual([220, 230])
    pass(11 * minute)
    await sessions.sweep({ tenants: ['acme'] })
    expect([words(), await notes()]).toEqual([[], 0])
  })
})

describe('a search passes over', () => {
  it('what its index proposes and its store has not, or cannot read', async () => {
    const { shared, process } = place()
    const sessions = process()
    for (const id of ['one', 'two', 'three', 'gone'])
      await (
        await sessions.for(alice).open(id, { title: `Fruit ${id}` })
      ).append([said('apple'), said(`apple ${id}`)])
    await sessions.settled()
    const ref = (id: string) => ({ tenantId: 'acme', id })
    await shared.remove(ref('gone'))
    const { revision } = (await shared.read(ref('one')))!.record
    await shared.commit(ref('one'), { revision, body: 'none' })
    await shared.amend(ref('two'), [{ seq: 1, payload: 'none' }], {})
    const reading = createSessions({ store: shared, credentialSecrets })
    for (const each of [sessions, reading]) {
      expect((await found(each, 'apple')).toSorted()).toEqual(['apple', 'apple three', 'apple two'])
      expect((await each.for(alice).searchSessions({ text: 'fruit' })).items).toHaveLength(2)
    }
  })
})
