import type { SearchQuestion } from '@sessions/core/search'
import { expect, onTestFinished, test } from 'vitest'
import { sqliteSearch } from '../src/index.js'
import { openRaw, patient, useFiles } from './files.js'

const newPath = useFiles()

/** An index on a file of its own, and what it finds. */
function open() {
  const path = newPath()
  const index = sqliteSearch(path, patient)
  onTestFinished(() => index.close())
  const found = async (term: string, more: Partial<SearchQuestion> = {}): Promise<string> => {
    const span = { tenantId: 'acme', roles: ['user'] as const, from: 0, to: 100, limit: 99, isRanked: false }
    const places = await index.find({ ...span, words: [{ terms: [term] }], ...more })
    return places.map(({ sessionId, seq }) => `${sessionId}${seq}`).join(' ')
  }
  /** Words of no entry, and entries of no word. */
  const lost = (): unknown[] => {
    const raw = openRaw(path)
    const rows = raw
      .prepare(
        `select w.term from llm_session_words w where not exists (select 1 from llm_session_entries e
          where e.tenant_id = w.tenant_id and e.session_id = w.session_id and e.seq = w.seq and e.at = w.at
            and e.user_key is w.user_key and e.terms like '%' || w.term || '%')`,
      )
      .all()
    raw.close()
    return rows
  }
  return { index, found, lost }
}

const of = (sessionId: string, incarnation = 'i') => ({ sessionId, incarnation })
const said = (sessionId: string, seq: number, terms: readonly string[] = ['tea']) => ({
  ...of(sessionId),
  seq,
  at: 10 * seq,
  changes: 1,
  role: 'user' as const,
  terms: terms.map((term) => [term, 1] as const),
})

test('it narrows by session, user, place, role and time, and by all words', async () => {
  const { index, found, lost } = open()
  await index.put('acme', [...[1, 2, 3].map((seq) => said('a', seq)), ...[1, 2].map((seq) => said('b', seq))])
  await index.put('other', [said('a', 4)])
  expect(await found('tea')).toBe('a3 b2 a2 b1 a1')
  expect(await found('tea', { limit: 2 })).toBe('a3 b2')
  expect(await found('tea', { sessionId: 'a' })).toBe('a3 a2 a1')
  expect(await found('tea', { after: { at: 20, sessionId: 'b', seq: 2 } })).toBe('a2 b1 a1')
  expect(await found('tea', { after: { at: 20, sessionId: 'a', seq: 2 }, sessionId: 'a' })).toBe('a1')
  expect(await found('tea', { from: 20, to: 30 })).toBe('b2 a2')
  expect(await found('tea', { roles: ['assistant'] })).toBe('')
  expect(await found('tea', { tenantId: 'other' })).toBe('a4')

  await index.own('acme', of('a'), 'user:1')
  await index.own('acme', of('b', 'another'), 'user:1')
  expect(await found('tea', { user: 'user:1' })).toBe('a3 a2 a1')
  expect(await found('tea', { user: 'user:1', sessionId: 'b' })).toBe('')
  expect(lost()).toEqual([])
  await index.own('acme', of('a'), undefined)
  expect(await found('tea', { user: 'user:1' })).toBe('')
  await index.drop('acme', of('a'), 2)
  expect(await found('tea')).toBe('a3 b2 b1')

  await index.put('acme', [said('c', 1, ['green', 'tea', 'teapot']), said('c', 2, ['green'])])
  expect(await found('tea', { words: [{ terms: ['tea'] }, { terms: ['green'] }] })).toBe('c1')
  expect(await found('tea', { words: [{ terms: ['x', 'green'] }] })).toBe('c2 c1')
  expect(await found('tea', { words: [{ terms: [], prefix: 'teap' }] })).toBe('c1')
  expect(await found('tea', { words: [{ terms: [], prefix: 'z' }] })).toBe('')
  expect(lost()).toEqual([])
})

test('it lets go of all of a user, of all of a session, and of what was said differently', async () => {
  const { index, found, lost } = open()
  const many = Array.from({ length: 95 }, (_, at) => ({
    ...said('c', 1 + at, [`word${at}`, 'tea']),
    user: 'user:2',
  }))
  await index.put('acme', [said('a', 1), ...many.map((one) => ({ ...one, at: 50 }))])
  await index.put('acme', [said('a', 1, ['cake'])])
  expect([await found('tea', { sessionId: 'a' }), await found('cake')]).toEqual(['', 'a1'])
  expect((await found('tea', { user: 'user:2' })).split(' ')).toHaveLength(95)
  await index.drop('acme', of('c', 'another'))
  expect(await index.forget('acme', 'user:1')).toBe(0)
  expect(await index.forget('other', 'user:2')).toBe(0)
  expect(await index.forget('acme', 'user:2')).toBe(95)
  expect([await found('tea'), await found('word94'), await found('cake')]).toEqual(['', '', 'a1'])
  await index.put('acme', many)
  await index.drop('acme', { sessionId: 'c' })
  expect([await found('tea'), await found('cake')]).toEqual(['', 'a1'])
  expect(lost()).toEqual([])
})

test('it takes the latest of what it is told of a place', async () => {
  const { index, found } = open()
  const told = (sessionId: string, incarnation: string, changes: number, term: string) => ({
    ...said(sessionId, 1, [term]),
    incarnation,
    changes,
  })
  await index.put('acme', [
    told('late', 'i', 4, 'new'),
    told('late', 'i', 3, 'old'),
    told('same', 'i', 3, 'old'),
    told('same', 'i', 3, 'new'),
    told('again', 'i', 9, 'old'),
    told('again', 'next', 1, 'new'),
  ])
  expect([await found('new'), await found('old')]).toEqual(['same1 late1 again1', ''])
})

test('it knows when sessions end, and asks no more after those that are dropped', async () => {
  const { index } = open()
  const ending = (sessionId: string, expiresAt: number | undefined) => ({ ...said(sessionId, 1), expiresAt })
  const ended = async (before: number, limit = 9) =>
    (await index.ended('acme', before, limit)).map(
      ({ sessionId, incarnation }) => `${sessionId} ${incarnation}`,
    )
  await index.put('acme', [ending('late', 200), ending('soon', 100), ending('never', undefined)])
  expect([await ended(99), await ended(100), await ended(200), await ended(200, 1)]).toEqual([
    [],
    ['soon i'],
    ['soon i', 'late i'],
    ['soon i'],
  ])
  expect(await index.ended('other', 200, 9)).toEqual([])
  await index.drop('acme', of('soon'), 1)
  await index.drop('acme', of('soon', 'another'))
  expect(await ended(100)).toEqual(['soon i'])
  await index.extend('acme', of('soon', 'another'), 500)
  expect(await ended(100)).toEqual(['soon i'])
  await index.extend('acme', of('soon'), 500)
  expect([await ended(499), await ended(500)]).toEqual([['late i'], ['late i', 'soon i']])
  await index.extend('acme', { sessionId: 'soon' }, undefined)
  expect(await ended(Number.MAX_SAFE_INTEGER)).toEqual(['late i'])
  await index.drop('acme', of('late'))
  expect(await ended(Number.MAX_SAFE_INTEGER)).toEqual([])
  await index.put('acme', [{ ...ending('never', 7), user: 'user:1' }])
  expect(await ended(7)).toEqual(['never i'])
  await index.forget('acme', 'user:1')
  expect(await ended(7)).toEqual([])
})
