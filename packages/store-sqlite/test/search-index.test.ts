import { describeSearchIndex } from '@sessions/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { sqliteSearch } from '../src/index.js'
import { openRaw, patient, useFiles } from './files.js'

const newPath = useFiles()

describeSearchIndex('sqliteSearch', async () => {
  const path = newPath()
  const [index, peer] = [sqliteSearch(path, patient), sqliteSearch(path, patient)]
  return { index, peer, close: async () => void (await Promise.all([index.close(), peer.close()])) }
})

const of = (sessionId: string, incarnation = 'i') => ({ sessionId, incarnation })
const said = (sessionId: string, seq: number, terms: readonly string[] = ['tea']) => ({
  ...of(sessionId),
  seq,
  at: 10 * seq,
  changes: 1,
  role: 'user' as const,
  terms: terms.map((term) => [term, 1] as const),
})

test('no word is left of what is not there, and nothing that is there has lost its words', async () => {
  const path = newPath()
  const index = sqliteSearch(path, patient)
  onTestFinished(() => index.close())
  /** Words of no entry. */
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
  const words = (): unknown => {
    const raw = openRaw(path)
    const { count } = raw.prepare('select count(*) as count from llm_session_words').get() as {
      count: number
    }
    raw.close()
    return count
  }
  await index.put('acme', [said('a', 1, ['green', 'tea']), said('a', 2), said('b', 1)])
  await index.own('acme', of('a'), 'user:1')
  expect([lost(), words()]).toEqual([[], 4])
  await index.put('acme', [said('b', 1, ['cake'])])
  expect([lost(), words()]).toEqual([[], 4])
  await index.drop('acme', of('a'), 1)
  expect([lost(), words()]).toEqual([[], 2])
  await index.forget('acme', 'user:1')
  expect([lost(), words()]).toEqual([[], 1])
  await index.drop('acme', { sessionId: 'b' })
  expect([lost(), words()]).toEqual([[], 0])
})

test('it knows a session by its last deadline, and until all of it is dropped', async () => {
  const index = sqliteSearch(newPath(), patient)
  onTestFinished(() => index.close())
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
