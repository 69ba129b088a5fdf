import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, type Sessions, type SessionStore } from '../../src/index.js'
import { type CrashPoint, haltingStore } from '../../src/testing/halting-store.js'
import { encryptedStore, sealedTerms, staticKeyring } from '../../src/sealed.js'
import type { SearchIndex } from '../../src/search.js'
import { admin, alice, anonymous, bob, codeOf } from '../service.js'
import { listIndex } from './list-index.js'

const credentialSecrets = ['a secret that all processes know, and nobody else']
const said = (content: string) => ({ role: 'user' as const, content })
const minute = 60_000

/** A store with a clock of its own, an index, and processes over both. */
function place() {
  let now = Date.parse('2026-03-01T10:00:00Z')
  const shared: SessionStore = memoryStore({ clock: () => now })
  const index = listIndex()
  const process = (store = shared, other: SearchIndex = index): Sessions =>
    createSessions({ store, credentialSecrets, search: { index: other }, onWarning: () => {} })
  return { shared, index, process, pass: (ms: number) => void (now += ms) }
}

/** What the index has, in words. */
const wordsOf = (index: ReturnType<typeof listIndex>): string[] =>
  index
    .rows()
    .flatMap(({ terms }) => terms.map(([term]) => term))
    .toSorted()

async function story(sessions: Sessions): Promise<void> {
  const session = await sessions.for(alice).open('one', { title: 'elder' })
  await session.append([said('apple'), said('banana')])
  await session.amend(1, { content: 'orange' })
  await session.edit({ title: 'fig' })
  await session.redact(2)
  const guest = await sessions.for(anonymous).create()
  await guest.append(said('cherry'))
  const held = await sessions.for(alice).findByCredential(await guest.credential())
  await held!.bind()
  await (await sessions.for(bob).open('two')).append(said('damson'))
  await sessions.for(bob).delete('two')
  await sessions.settled()
}

/** What the sessions of the tenant say, and their titles, read one by one. */
async function told(store: SessionStore): Promise<string[]> {
  const { items } = await store.list({ tenantId: 'acme', limit: 100 })
  const texts: string[] = []
  for (const record of items) {
    const { messages } = await store.messages(record, { limit: 1000 })
    if (record.title !== undefined) texts.push(record.title)
    texts.push(...messages.map(({ payload }) => (JSON.parse(payload) as { content: string }).content))
  }
  return texts.map((text) => text.replaceAll(/[^a-z]/g, '')).toSorted()
}

const halted = haltingStore(place().shared)
await story(place().process(halted.store))
// A call that took effect, and whose answer nobody heard, is as if the process had died before the next one.
const points = Array.from({ length: halted.calls() }, (_, index): CrashPoint => ({
  call: index + 1,
  when: 'before',
}))

describe('an index of the search', () => {
  it('has what is said, and nothing that was said differently, or is gone', async () => {
    const { index, process, shared } = place()
    await story(process())
    expect(wordsOf(index)).toEqual(['cherri', 'fig', 'orang', 'redact'])
    expect(await told(shared)).toEqual(['cherry', 'fig', 'orange', 'redacted'])
    const users = new Set(index.rows().map(({ user }) => user))
    expect(users.size).toBe(1)
    expect([...users][0]).toMatch(/^user:/)
  })

  it.each(points)(
    'after a process died $when call $call of its store, is right after sweeps',
    async (point) => {
      const { index, process, shared, pass } = place()
      const halting = haltingStore(shared, point)
      await Promise.race([halting.died, story(process(halting.store))])
      pass(3 * minute)
      const survivor = process()
      await survivor.sweep({ tenants: ['acme'] })
      pass(3 * minute)
      await survivor.sweep({ tenants: ['acme'] })
      const expected = await told(shared)
      expect(wordsOf(index).map((term) => term.slice(0, 4))).toEqual(expected.map((word) => word.slice(0, 4)))
      for (const word of expected) {
        const [found] = (await survivor.for(admin).searchSessions({ text: word })).items
        expect(found, word).toBeDefined()
        const { record } = (await shared.read({ tenantId: 'acme', id: found!.session.id }))!
        if (record.userId !== undefined) {
          const owner = { tenantId: 'acme', userId: record.userId }
          expect((await survivor.for(owner).searchSessions({ text: word })).items, word).toHaveLength(1)
        }
      }
      // Nothing waits to be told any more.
      expect((await shared.list({ tenantId: '~search:acme', label: 'note', limit: 10 })).items).toEqual([])
    },
  )

  it('is made of the sessions from before it by sweeps, and says so', async () => {
    const { index, process, shared, pass } = place()
    const before = createSessions({ store: shared, credentialSecrets })
    await (await before.for(alice).open('old')).append(said('grape'))
    pass(24 * 60 * minute - 1)
    const sessions = process()
    expect(await sessions.for(alice).search({ text: 'grape' })).toEqual({ items: [], complete: false })
    await sessions.sweep({ tenants: ['acme'] })
    expect(await sessions.for(alice).search({ text: 'grape' })).toMatchObject({
      items: [{ sessionId: 'old' }],
      complete: true,
    })
    // With another key it is made once more.
    const key = new Uint8Array(32).fill(7)
    const sealed = createSessions({
      store: shared,
      credentialSecrets,
      search: { index, terms: sealedTerms(key) },
    })
    expect(await sealed.for(alice).search({ text: 'grape' })).toEqual({ items: [], complete: false })
    await sealed.sweep({ tenants: ['acme'] })
    expect((await sealed.for(alice).search({ text: 'grape' })).items).toHaveLength(1)
    expect(wordsOf(index)).toEqual([expect.stringMatching(/^[\w-]{12}$/)])
  })

  it('is made by one sweep also while more sessions are active than a page of the list has', async () => {
    const { process, shared } = place()
    const before = createSessions({ store: shared, credentialSecrets })
    for (let n = 0; n < 120; n++) await (await before.for(alice).create()).append(said('grape'))
    const sessions = process()
    await sessions.sweep({ tenants: ['acme'] })
    const { items, complete } = await sessions.for(alice).search({ text: 'grape', limit: 100 })
    expect([items.length, complete]).toEqual([100, true])
  })

  it('forgets sessions whose deadline has come, and users who are erased', async () => {
    const { index, process, pass } = place()
    const sessions = process()
    await (await sessions.for(alice).open('one')).append(said('apple'))
    pass(60 * minute)
    await (await sessions.for(bob).open('two')).append(said('banana'))
    await sessions.settled()
    pass(23 * 60 * minute + minute)
    await sessions.sweep({ tenants: ['acme'] })
    expect(wordsOf(index)).toEqual(['banana'])
    const receipt = await sessions.privacy.erase({ ...bob, by: 'bob', reason: 'article 17' })
    expect(receipt.counts).toMatchObject({ sessions: 1 })
    expect(index.rows()).toEqual([])
  })

  it('that is away is an outage, never an empty page; what is said meanwhile is found later', async () => {
    const { index, process, pass } = place()
    const sessions = process()
    const mine = sessions.for(alice)
    const session = await mine.open('one')
    await session.append(said('apple'))
    await sessions.settled()
    index.failing = true
    expect(await codeOf(mine.search({ text: 'apple' }))).toBe('unavailable')
    expect(await codeOf(mine.searchSessions({ text: 'apple' }))).toBe('unavailable')
    await session.append(said('banana'))
    await session.amend(1, { content: 'orange' })
    await sessions.settled()
    index.failing = false
    pass(3 * minute)
    await sessions.sweep({ tenants: ['acme'] })
    expect(wordsOf(index)).toEqual(['banana', 'orang'])
  })

  it('of an encrypted store needs a key for its terms', () => {
    const key = new Uint8Array(32)
    const store = encryptedStore(memoryStore(), {
      keyring: staticKeyring({ current: 'k', keys: { k: key } }),
      indexKey: key,
    })
    const make = () => createSessions({ store, credentialSecrets, search: { index: listIndex() } })
    expect(make).toThrow(expect.objectContaining({ code: 'invalid', path: 'search.terms' }) as Error)
    expect(() => createSessions({ store, search: { index: listIndex(), terms: sealedTerms(key) } })).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'credentialSecrets' }) as Error,
    )
  })
})
