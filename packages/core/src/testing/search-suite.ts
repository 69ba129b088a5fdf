import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SearchedRole, SearchEntry, SearchIndex, SearchQuestion } from '../domain/search.js'
import { newId } from '../ids.js'
import { together } from './start-gate.js'

const timeoutMs = 60_000
// More than what most indexes put, drop or forget in one step.
const many = 1001

/** An index of the search to be judged. */
export interface SearchIndexUnderTest {
  index: SearchIndex
  /** A second instance over the same data, as another process would have it. */
  peer: SearchIndex
  /** Ends what `makeIndex` began. */
  close?(): Promise<void>
}

/**
 * Registers with vitest what every `SearchIndex` must show: it finds what has all words, in order and of whom it was
 * asked, keeps the latest of each place in whatever order it is told, and lets go of what it is told to.
 *
 * @param makeIndex gives two instances over the same, empty data. Called once.
 *
 * @example
 * ```ts
 * import { describeSearchIndex } from '@sessions/core/testing'
 * import { sqliteSearch } from '@sessions/store-sqlite'
 *
 * describeSearchIndex('my index', async () => {
 *   const [index, peer] = [sqliteSearch('./search.db'), sqliteSearch('./search.db')]
 *   return { index, peer, close: async () => void (await Promise.all([index.close(), peer.close()])) }
 * })
 * ```
 */
export function describeSearchIndex(name: string, makeIndex: () => Promise<SearchIndexUnderTest>): void {
  describe(name, () => {
    let made: SearchIndexUnderTest | undefined
    beforeAll(async () => {
      made = await makeIndex()
    }, timeoutMs)
    afterAll(() => made?.close?.(), timeoutMs)
    for (const [title, run] of cases) test(title, () => run(place(made!)), timeoutMs)
  })
}

const of = (sessionId: string, incarnation = 'i') => ({ sessionId, incarnation })

/** What somebody said at a place of a session, ten milliseconds after the place before it. */
function said(sessionId: string, seq: number, more: Partial<SearchEntry> = {}): SearchEntry {
  return { ...of(sessionId), seq, at: 10 * seq, changes: 1, role: 'user', terms: [['tea', 1]], ...more }
}

const words = (...terms: string[]) => ({ terms: terms.map((term) => [term, 1] as const) })

/** Two instances, and a tenant that no other case has. */
function place({ index, peer }: SearchIndexUnderTest) {
  const tenantId = newId()
  return {
    tenantId,
    index,
    peer,
    /** What is found of a word, as `a1` for the first message of the session `a`. */
    found: async (term: string, more: Partial<SearchQuestion> = {}): Promise<string> => {
      const roles: readonly SearchedRole[] = ['user']
      const span = { tenantId, roles, from: 0, to: 1_000_000, limit: 2 * many, isRanked: false }
      const places = await peer.find({ ...span, words: [{ terms: [term] }], ...more })
      return places.map(({ sessionId, seq }) => `${sessionId}${seq}`).join(' ')
    },
    /** Which sessions may have ended by then. */
    ended: async (before: number, limit = 9): Promise<string[]> => {
      const ended = await peer.ended(tenantId, before, limit)
      return ended.map(({ sessionId, incarnation }) => `${sessionId} ${incarnation}`)
    },
  }
}

type Place = ReturnType<typeof place>

const cases: readonly (readonly [title: string, run: (place: Place) => Promise<void>])[] = [
  [
    'finds what has every word, by one of its terms or by its beginning, the newest first',
    async ({ tenantId, index, found }) => {
      await index.put(tenantId, [
        said('a', 1),
        said('a', 2, words('green', 'tea', 'teapot')),
        said('a', 3, words('green')),
        said('b', 2),
      ])
      expect(await found('tea')).toBe('b2 a2 a1')
      expect(await found('tea', { words: [{ terms: ['tea'] }, { terms: ['green'] }] })).toBe('a2')
      expect(await found('tea', { words: [{ terms: ['none', 'green'] }] })).toBe('a3 a2')
      expect(await found('tea', { words: [{ terms: [], prefix: 'teap' }] })).toBe('a2')
      expect(await found('tea', { words: [{ terms: [], prefix: 'none' }] })).toBe('')
      expect(await found('tea', { words: [{ terms: ['tea'] }, { terms: [], prefix: 'none' }] })).toBe('')
    },
  ],
  [
    'narrows by session, place, time, role and count, and knows one tenant from another',
    async ({ tenantId, index, found }) => {
      await index.put(tenantId, [
        ...[1, 2, 3].map((seq) => said('a', seq)),
        ...[1, 2].map((seq) => said('b', seq)),
        said('c', 0, { role: 'title', at: 5 }),
      ])
      const other = newId()
      await index.put(other, [said('a', 4)])
      expect(await found('tea')).toBe('a3 b2 a2 b1 a1')
      expect(await found('tea', { limit: 2 })).toBe('a3 b2')
      expect(await found('tea', { sessionId: 'a' })).toBe('a3 a2 a1')
      expect(await found('tea', { after: { at: 20, sessionId: 'b', seq: 2 } })).toBe('a2 b1 a1')
      expect(await found('tea', { after: { at: 20, sessionId: 'a', seq: 2 }, sessionId: 'a' })).toBe('a1')
      // Without what is at `to`.
      expect(await found('tea', { from: 20, to: 30 })).toBe('b2 a2')
      expect(await found('tea', { roles: ['assistant'] })).toBe('')
      expect(await found('tea', { roles: ['assistant', 'title'] })).toBe('c0')
      expect(await found('tea', { tenantId: other })).toBe('a4')
    },
  ],
  [
    'knows whose a session is, as long as it is that session',
    async ({ tenantId, index, found }) => {
      await index.put(tenantId, [said('a', 1), said('b', 1), said('c', 1, { user: 'user:2' })])
      await index.own(tenantId, of('a'), 'user:1')
      await index.own(tenantId, of('b', 'another'), 'user:1')
      await index.own(newId(), of('b'), 'user:1')
      expect(await found('tea', { user: 'user:1' })).toBe('a1')
      expect(await found('tea', { user: 'user:2' })).toBe('c1')
      expect(await found('tea', { user: 'user:2', sessionId: 'a' })).toBe('')
      await index.own(tenantId, of('a'), undefined)
      expect(await found('tea', { user: 'user:1' })).toBe('')
      expect(await found('tea')).toBe('c1 b1 a1')
    },
  ],
  [
    'keeps the latest of each place, in whatever order it is told',
    async ({ tenantId, index, found }) => {
      const told = (sessionId: string, incarnation: string, changes: number, term: string) =>
        said(sessionId, 1, { incarnation, changes, ...words(term) })
      await index.put(tenantId, [
        told('late', 'i', 4, 'new'),
        told('late', 'i', 3, 'old'),
        told('same', 'i', 3, 'old'),
        told('same', 'i', 3, 'new'),
        told('again', 'i', 9, 'old'),
        told('again', 'next', 1, 'new'),
      ])
      expect([await found('new'), await found('old')]).toEqual(['same1 late1 again1', ''])
      await index.put(tenantId, [told('late', 'i', 3, 'old')])
      await index.put(tenantId, [told('same', 'i', 3, 'newest')])
      expect([await found('new'), await found('old'), await found('newest')]).toEqual([
        'late1 again1',
        '',
        'same1',
      ])
    },
  ],
  [
    'keeps the later of two messages of one seq, as there are after a failover that lost writes',
    async ({ tenantId, index, found }) => {
      const told = (at: number, changes: number, term: string) =>
        said('one', 1, { at, changes, ...words(term) })
      await index.put(tenantId, [told(10, 9, 'lost')])
      await index.put(tenantId, [told(20, 5, 'new')])
      expect([await found('new'), await found('lost')]).toEqual(['one1', ''])
      // Whoever had it to tell comes late.
      await index.put(tenantId, [told(10, 9, 'lost')])
      expect([await found('new'), await found('lost')]).toEqual(['one1', ''])
      await index.put(tenantId, [told(30, 1, 'newest'), told(20, 6, 'lost')])
      expect([await found('newest'), await found('new'), await found('lost')]).toEqual(['one1', '', ''])
    },
  ],
  [
    'keeps the latest of what many tell at once, over two instances',
    async ({ tenantId, index, peer, found }) => {
      const tellers = 12
      await together(tellers, (each) =>
        [index, peer][each % 2]!.put(
          tenantId,
          // Each tells of both places, half of them in the other order.
          [said('a', 1), said('b', 1)]
            .map((entry) => ({ ...entry, changes: 1 + each, ...words(`word${each}`) }))
            .toSorted((one, other) => (each % 4 < 2 ? 1 : -1) * (one.sessionId < other.sessionId ? -1 : 1)),
        ),
      )
      const all = await Promise.all(Array.from({ length: tellers }, (_, each) => found(`word${each}`)))
      expect(all).toEqual([...Array.from({ length: tellers - 1 }, () => ''), 'b1 a1'])
    },
  ],
  [
    'lets go of what an earlier session of the same id has said once another one says something',
    async ({ tenantId, index, found }) => {
      const other = newId()
      const earlier = Array.from({ length: 90 }, (_, at) => said('a', 1 + at, { incarnation: 'earlier' }))
      await index.put(tenantId, [...earlier, said('b', 1)])
      await index.put(other, earlier)
      await index.put(tenantId, [said('a', 5)])
      expect(await found('tea')).toBe('a5 b1')
      expect((await found('tea', { tenantId: other })).split(' ')).toHaveLength(90)
      await index.put(tenantId, [said('a', 6)])
      expect(await found('tea')).toBe('a6 a5 b1')
    },
  ],
  [
    'drops a session, up to a place or all of it, as long as it is that session',
    async ({ tenantId, index, found }) => {
      await index.put(tenantId, [...[1, 2, 3].map((seq) => said('a', seq)), said('b', 1)])
      await index.drop(tenantId, of('a', 'another'))
      await index.drop(newId(), of('a'))
      expect(await found('tea')).toBe('a3 a2 b1 a1')
      await index.drop(tenantId, of('a'), 2)
      expect(await found('tea')).toBe('a3 b1')
      await index.drop(tenantId, of('a'))
      expect(await found('tea')).toBe('b1')
      await index.drop(tenantId, { sessionId: 'b' })
      expect(await found('tea')).toBe('')
    },
  ],
  [
    'forgets all of a user, however much it is, and says how much it was',
    async ({ tenantId, index, found }) => {
      const user = 'user:2'
      await index.put(tenantId, [said('a', 1), said('b', 1, { user: 'user:1' })])
      await index.put(
        tenantId,
        Array.from({ length: many }, (_, at) => said('c', 1 + at, { user })),
      )
      expect(await index.forget(newId(), user)).toBe(0)
      expect((await found('tea', { user })).split(' ')).toHaveLength(many)
      expect(await index.forget(tenantId, user)).toBe(many)
      expect(await index.forget(tenantId, user)).toBe(0)
      expect([await found('tea', { user }), await found('tea')]).toEqual(['', 'b1 a1'])
    },
  ],
  [
    'knows which sessions may have ended, and asks no more after those that were dropped or forgotten',
    async ({ tenantId, index, ended }) => {
      await index.put(tenantId, [
        said('late', 1, { expiresAt: 200 }),
        said('soon', 1, { expiresAt: 100 }),
        said('never', 1),
      ])
      expect([await ended(99), await ended(100)]).toEqual([[], ['soon i']])
      expect(await ended(200, 1)).toHaveLength(1)
      expect((await ended(200)).toSorted()).toEqual(['late i', 'soon i'])
      expect(await index.ended(newId(), 200, 9)).toEqual([])
      await index.extend(tenantId, of('soon', 'another'), undefined)
      await index.drop(tenantId, of('soon', 'another'))
      expect(await ended(100)).toEqual(['soon i'])
      await index.extend(tenantId, of('soon'), undefined)
      expect(await ended(Number.MAX_SAFE_INTEGER)).toEqual(['late i'])
      await index.drop(tenantId, of('late'))
      expect(await ended(Number.MAX_SAFE_INTEGER)).toEqual([])
      await index.put(tenantId, [said('never', 1, { expiresAt: 7, user: 'user:1' })])
      expect(await ended(7)).toEqual(['never i'])
      await index.forget(tenantId, 'user:1')
      expect(await ended(7)).toEqual([])
    },
  ],
]
