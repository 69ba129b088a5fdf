import { createSessions, type Identity, type Sessions, type SessionsOptions } from '@sessions/core'
import { encryptedStore, sealedTerms, staticKeyring } from '@sessions/core/sealed'
import type { SearchOptions } from '@sessions/core/search'
import { describe, expect, onTestFinished, test } from 'vitest'
import { migrate, sqliteSearch, sqliteStore } from '../src/index.js'
import { openRaw, patient, useFiles } from './files.js'

const newPath = useFiles()
const credentialSecrets = ['a secret that all processes know, and nobody else']
const callers: readonly Identity[] = ['alice', 'bob'].flatMap((userId) =>
  ['acme', 'other'].map((tenantId) => ({ tenantId, userId })),
)
const admin = { tenantId: 'acme', roles: ['admin'] }
const words = ['blue', 'Phones', 'bag', "o'clock", 'C:\\temp', '智能手机', 'телефоны', 'הספר', 'tea', 'a_b%c']
const key = (fill: number) => new Uint8Array(32).fill(fill)

/** A file with its store and its index, which are closed after the test. */
function open(path = newPath()) {
  const store = sqliteStore(path, patient)
  const index = sqliteSearch(path, patient)
  onTestFinished(async () => {
    await index.close()
    await store.close()
  })
  return { path, store, index }
}

/** The same texts each time. */
function texts(seed: number): string[] {
  let state = seed
  const below = (most: number): number => {
    state = (state * 48_271) % 2_147_483_647
    return state % most
  }
  return Array.from({ length: 15 }, () =>
    Array.from({ length: 1 + below(6) }, () => words[below(words.length)]!).join(' '),
  )
}

async function fill(sessions: Sessions): Promise<void> {
  for (const [index, who] of callers.entries()) {
    for (let n = 0; n < 3; n++) {
      const session = await sessions.for(who).create({ title: n === 0 ? `Lamps, ${words[index]}` : 'Tea' })
      const said = texts(1 + index * 10 + n)
      await session.append(
        said.map((content, at) => ({ role: at % 3 === 0 ? 'assistant' : 'user', content })),
      )
    }
  }
}

/** All that a search finds, over its pages. */
async function all(sessions: Sessions, who: Identity, options: SearchOptions): Promise<string[]> {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await sessions.for(who).search({ ...options, limit: 7, ...(cursor && { cursor }) })
    found.push(...page.items.map(({ sessionId, seq }) => `${sessionId} ${seq}`))
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

const questions: readonly SearchOptions[] = [
  ...words.map((text) => ({ text: `${text} ` })),
  { text: 'blue bag' },
  { text: 'ph' },
  { text: 'tea', roles: ['assistant'] },
  { text: '手机' },
  { text: 'nothing of that kind' },
  { text: 'blue', order: 'rank' },
]

describe('a search in SQLite', () => {
  test('finds what a look at every message finds, for everybody, whatever is asked', async () => {
    const { path, store, index } = open()
    const indexed = createSessions({ store, credentialSecrets, search: { index } })
    const reading = createSessions({ store, credentialSecrets })
    await fill(indexed)
    for (const who of [...callers, admin])
      for (const question of questions) {
        const found = await all(indexed, who, question)
        expect(found.toSorted(), JSON.stringify(question)).toEqual(
          (await all(reading, who, question)).toSorted(),
        )
        expect(new Set(found).size).toBe(found.length)
      }
    const talks = async (sessions: Sessions, text: string) =>
      (await sessions.for(admin).searchSessions({ text })).items
        .map(({ session, count, title }) => `${session.id} ${count} ${title?.text}`)
        .toSorted()
    for (const text of ['lamp', 'tea', 'blue ', '智能'])
      expect(await talks(indexed, text), text).toEqual(await talks(reading, text))
    expect(await talks(indexed, 'lamps')).toHaveLength(2)
    const erasure = { tenantId: 'acme', userId: 'alice', by: 'host', reason: 'asked' } as const
    expect((await indexed.privacy.erase(erasure)).counts).toMatchObject({ sessions: 3, messages: 45 })
    expect(await all(indexed, callers[0]!, { text: 'blue' })).toEqual([])
    const raw = openRaw(path)
    const count = (of: string) => raw.prepare(`select count(*) as count from ${of}`).all()
    expect(count("llm_session_entries where tenant_id = 'acme'")).toEqual([{ count: 48 }])
    expect(count('llm_session_searched')).toEqual([{ count: 9 }])
    const lost = `llm_session_words w where not exists (select 1 from llm_session_entries e where e.tenant_id = w.tenant_id
      and e.session_id = w.session_id and e.seq = w.seq and e.at = w.at and e.user_key is w.user_key)`
    expect(count(lost)).toEqual([{ count: 0 }])
    raw.close()
  })

  test('finds the same through words that thousands have, that many terms begin with, and in a database of the application', async () => {
    const path = newPath()
    await migrate(path)
    const raw = openRaw(path)
    onTestFinished(() => void raw.close())
    const index = sqliteSearch(raw, patient)
    const entry = { incarnation: 'i', changes: 1, role: 'user' as const }
    const entries = Array.from({ length: 2500 }, (_, n) => ({
      ...entry,
      sessionId: `s${n % 7}`,
      seq: Math.floor(n / 7) + 1,
      at: Math.floor(n / 3),
      user: `user ${n % 2}`,
      terms: [
        ['common', 1],
        [`rare${n % 97}`, 2],
        [`only${n}`, 1],
      ] as const,
    }))
    await index.put('acme', entries)
    const ask = { tenantId: 'acme', roles: ['user'] as const, from: 100, to: 750, isRanked: false }
    const asked = async (terms: readonly string[], prefix?: string, user?: string) => {
      const found: string[] = []
      let after: Awaited<ReturnType<typeof index.find>>[number] | undefined
      do {
        const page = await index.find({
          ...ask,
          words: [{ terms, prefix }],
          user,
          limit: 400,
          ...(after && { after }),
        })
        found.push(...page.map(({ at, sessionId, seq }) => `${at} ${sessionId} ${seq}`))
        after = page.length < 400 ? undefined : page.at(-1)
      } while (after !== undefined)
      return found
    }
    const expected = (has: (term: string) => boolean, user?: string) =>
      entries
        .filter(
          ({ at, terms, ...one }) =>
            at >= 100 && at < 750 && (user ?? one.user) === one.user && terms.some(([term]) => has(term)),
        )
        .toSorted((one, other) =>
          one.at !== other.at
            ? other.at - one.at
            : one.sessionId !== other.sessionId
              ? one.sessionId < other.sessionId
                ? 1
                : -1
              : other.seq - one.seq,
        )
        .map(({ at, sessionId, seq }) => `${at} ${sessionId} ${seq}`)
    for (const user of [undefined, 'user 1', 'nobody']) {
      expect(await asked(['common'], undefined, user)).toEqual(expected((term) => term === 'common', user))
      expect(await asked(['rare5'], undefined, user)).toEqual(expected((term) => term === 'rare5', user))
      expect(await asked(['x'], 'rare1', user)).toEqual(expected((term) => term.startsWith('rare1'), user))
      expect(await asked([], 'only', user)).toEqual(expected((term) => term.startsWith('only'), user))
    }
    const many = ['common', ...Array.from({ length: 49 }, (_, n) => `rare${n}`)]
    expect(await asked(many)).toEqual(expected((term) => many.includes(term)))
    await index.own('acme', { sessionId: 's1', incarnation: 'i' }, 'user 9')
    expect((await asked(['common'], undefined, 'user 9')).every((place) => place.includes(' s1 '))).toBe(true)
    expect(await index.forget('acme', 'user 9')).toBe(
      entries.filter(({ sessionId }) => sessionId === 's1').length,
    )
    expect(await asked(['common'], undefined, 'user 9')).toEqual([])
  })

  test('has no readable word where terms are sealed, and is there after its process', async () => {
    const { path, store: plain, index } = open()
    const keyring = staticKeyring({ current: 'k', keys: { k: key(1) } })
    const store = encryptedStore(plain, { keyring, indexKey: key(2) })
    const settings = (of: typeof index) =>
      ({
        store,
        credentialSecrets,
        search: { index: of, terms: sealedTerms(key(3)) },
      }) satisfies SessionsOptions
    const alice = { tenantId: 'acme', userId: 'canaryuser' }
    const sessions = createSessions(settings(index))
    await (
      await sessions.for(alice).create({ title: 'Canaries 手' })
    ).append({
      role: 'user',
      content: 'canary 智能手机 телефон',
    })
    expect(await all(sessions, alice, { text: 'canary' })).toHaveLength(1)
    const raw = openRaw(path)
    const tables = ['entries', 'words', 'searched'].map((name) =>
      raw.prepare(`select * from llm_session_${name}`).all(),
    )
    raw.close()
    expect(tables.map(({ length }) => length > 0)).toEqual([true, true, true])
    expect(JSON.stringify(tables)).not.toMatch(/canar|智|手|телеф/)
    const later = createSessions(settings(sqliteSearch(path, patient)))
    expect(await all(later, alice, { text: 'canary' })).toHaveLength(1)
  })

  test('never lets what comes late take the place of what came after it', async () => {
    const { index } = open()
    const entry = { sessionId: 's', incarnation: 'i', seq: 1, at: 5, changes: 3, role: 'user' as const }
    await index.put('acme', [
      { ...entry, terms: [['old', 1]] },
      { ...entry, changes: 4, terms: [['new', 2]], expiresAt: 100 },
    ])
    await index.put('acme', [{ ...entry, terms: [['old', 1]], expiresAt: 100 }])
    const question = { tenantId: 'acme', roles: ['user'] as const, from: 0, to: 10, limit: 5, isRanked: true }
    expect(await index.find({ ...question, words: [{ terms: ['old'] }] })).toEqual([])
    expect(await index.find({ ...question, words: [{ terms: ['x', 'new'] }] })).toHaveLength(1)
    expect(await index.find({ ...question, tenantId: 'other', words: [{ terms: ['new'] }] })).toEqual([])
    expect(await index.ended('acme', 100, 5)).toEqual([{ sessionId: 's', incarnation: 'i' }])
    await index.extend('acme', { sessionId: 's', incarnation: 'i' }, 200)
    expect(await index.ended('acme', 199, 5)).toEqual([])
    await index.drop('acme', { sessionId: 's', incarnation: 'other' })
    expect(await index.find({ ...question, words: [{ terms: ['new'] }] })).toHaveLength(1)
    await index.drop('acme', { sessionId: 's' })
    expect(await index.find({ ...question, words: [{ terms: ['new'] }] })).toEqual([])
    expect(await index.ended('acme', 300, 5)).toEqual([])
  })

  test('lets go of what an earlier session of the same id said once another one says something', async () => {
    const { index } = open()
    const said = (incarnation: string, seq: number, expiresAt: number) => ({
      sessionId: 's',
      incarnation,
      seq,
      at: seq,
      changes: 1,
      role: 'user' as const,
      expiresAt,
      terms: [['tea', 1]] as const,
    })
    const earlier = Array.from({ length: 90 }, (_, at) => said('earlier', at, 100))
    await index.put('acme', [...earlier, { ...said('other', 1, 100), sessionId: 't' }])
    await index.put('other', earlier)
    await index.put('acme', [said('later', 5, 900)])
    const span = { roles: ['user'] as const, from: 0, to: 100, limit: 100, isRanked: false }
    const found = async (tenantId: string) =>
      (await index.find({ ...span, tenantId, words: [{ terms: ['tea'] }] })).map(
        ({ sessionId, incarnation, seq }) => `${sessionId} ${incarnation} ${seq}`,
      )
    expect(await found('acme')).toEqual(['s later 5', 't other 1'])
    expect(await found('other')).toHaveLength(90)
    // Its own words stay when it says more.
    await index.put('acme', [said('later', 6, 900)])
    expect(await found('acme')).toEqual(['s later 6', 's later 5', 't other 1'])
    await index.drop('acme', { sessionId: 's', incarnation: 'later' })
    expect(await found('acme')).toEqual(['t other 1'])
  })

  test('refuses options that it does not know', () => {
    expect(() => sqliteSearch('./never.db', { timeoutMs: 1 } as never)).toThrow('timeoutMs')
    expect(() => sqliteSearch('./never.db', { tablePrefix: 'a-b' })).toThrow('tablePrefix')
  })
})
