import { createSessions, type Identity, type Sessions, type SessionsOptions } from '@sessions/core'
import { encryptedStore, sealedTerms, staticKeyring } from '@sessions/core/sealed'
import type { SearchIndex, SearchOptions } from '@sessions/core/search'
import { describeSearchIndex } from '@sessions/core/testing'
import { describe, expect, test } from 'vitest'
import { migrate, postgresSearch, postgresStore } from '../src/index.js'
import { as, createAppRole, migrated, patient, useServer } from './databases.js'

const context = useServer()
const credentialSecrets = ['a secret that all processes know, and nobody else']
const callers: readonly Identity[] = ['alice', 'bob'].flatMap((userId) =>
  ['acme', 'other'].map((tenantId) => ({ tenantId, userId })),
)
const slow = { timeoutMs: 240_000 }
const admin = { tenantId: 'acme', roles: ['admin'] }
const words = ['blue', 'Phones', 'bag', "o'clock", 'C:\\temp', '智能手机', 'телефоны', 'הספר', 'tea', 'a_b%c']
const key = (fill: number) => new Uint8Array(32).fill(fill)

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

/** All that a search finds, over its pages. */
async function all(sessions: Sessions, who: Identity, options: SearchOptions): Promise<string[]> {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await sessions.for(who).search({ ...options, limit: 40, ...(cursor && { cursor }) })
    found.push(...page.items.map(({ sessionId, seq }) => `${sessionId} ${seq}`))
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

/** The sessions that a search finds, what of each, and whether by its title. */
async function talks(sessions: Sessions, who: Identity, options: SearchOptions): Promise<string[]> {
  const { items } = await sessions.for(who).searchSessions({ ...options, limit: 100 })
  return items.map(({ session, count, title }) => `${session.id} ${count} ${title?.text}`).toSorted()
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

const questions: readonly SearchOptions[] = [
  ...words.map((text) => ({ text: `${text} ` })),
  { text: 'blue bag' },
  { text: 'ph' },
  { text: 'tea', roles: ['assistant'] },
  { text: '手机' },
  { text: 'nothing of that kind' },
  { text: 'blue', order: 'rank' },
]

describe('a search in Postgres', () => {
  test('finds what a look at every message finds, for everybody, whatever is asked', async () => {
    const pool = context.pools.open(await migrated(context.server), patient.pool)
    const store = postgresStore(pool, patient.store)
    const indexed = createSessions({
      store,
      credentialSecrets,
      search: { index: postgresSearch(pool, slow) },
    })
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
    expect(await all(indexed, admin, { text: 'blue' })).not.toEqual([])
    for (const who of [callers[0]!, admin])
      for (const text of ['lamp', 'tea', 'blue ', '智能'])
        expect(await talks(indexed, who, { text }), text).toEqual(await talks(reading, who, { text }))
    expect(await talks(indexed, admin, { text: 'lamps' })).toHaveLength(2)
    const alice = callers[0]!
    expect(
      (await indexed.privacy.erase({ tenantId: 'acme', userId: 'alice', by: 'host', reason: 'asked' }))
        .counts,
    ).toMatchObject({ sessions: 3, messages: 45 })
    expect(await all(indexed, alice, { text: 'blue' })).toEqual([])
    const { rows } = await pool.query<{ tenant_id: string; count: string }>(
      'select tenant_id, count(*)::text from llm_session_terms group by 1 order by 1',
    )
    expect(rows).toEqual([
      { tenant_id: 'acme', count: '48' },
      { tenant_id: 'other', count: '96' },
    ])
    expect((await pool.query('select 1 from llm_session_searched')).rowCount).toBe(9)
  })

  test('takes the words that need the most room, and those of others beside them', async () => {
    const pool = context.pools.open(await migrated(context.server), patient.pool)
    const warnings: string[] = []
    const sessions = createSessions({
      store: postgresStore(pool, patient.store),
      credentialSecrets,
      search: { index: postgresSearch(pool, slow) },
      onWarning: ({ code }) => warnings.push(code),
    })
    const [alice, bob] = [callers[0]!, callers[2]!]
    const wide = Array.from({ length: 4000 }, (_, n) => `${n.toString(36)}${'\ufdfa'.repeat(12)}`).join(' ')
    const far = Array.from({ length: 1500 }, (_, n) => `${n.toString(36)}${'\u2c7c\ua64b'.repeat(19)}`).join(
      ' ',
    )
    const [one, other] = [await sessions.for(alice).create(), await sessions.for(bob).create()]
    await Promise.all([
      one.append([wide, far].map((content) => ({ role: 'user' as const, content }))),
      other.append({ role: 'user', content: 'a blue phone' }),
    ])
    await sessions.sweep({ tenants: ['acme'] })
    expect(await all(sessions, bob, { text: 'blue' })).toHaveLength(1)
    expect(warnings).toEqual([])
  })

  test('has no readable word, no text and no user where terms are sealed', async () => {
    const pool = context.pools.open(await migrated(context.server), patient.pool)
    const keyring = staticKeyring({ current: 'k', keys: { k: key(1) } })
    const store = encryptedStore(postgresStore(pool, patient.store), { keyring, indexKey: key(2) })
    const search = { index: postgresSearch(pool, slow), terms: sealedTerms(key(3)) }
    const sessions = createSessions({ store, credentialSecrets, search } satisfies SessionsOptions)
    const session = await sessions
      .for({ tenantId: 'acme', userId: 'canaryuser' })
      .create({ title: 'Canaries 手' })
    await session.append({ role: 'user', content: 'canary 智能手机 телефон' })
    expect(await all(sessions, { tenantId: 'acme', userId: 'canaryuser' }, { text: 'canary' })).toHaveLength(
      1,
    )
    const dump = JSON.stringify([
      (await pool.query('select * from llm_session_terms')).rows,
      (await pool.query('select * from llm_session_searched')).rows,
    ])
    expect(dump).toContain(session.id)
    expect(dump).not.toMatch(/canar|智|手|телеф/)
  })

  test('keeps tenants apart where policies do', async () => {
    const url = await migrated(context.server)
    const owner = context.pools.open(url)
    await createAppRole(owner, 'search_app')
    const rls = 'sessions.tenant'
    await migrate(owner, { rls })
    const pool = context.pools.open(as('search_app', url), patient.pool)
    const index = postgresSearch(pool, { rls, ...slow })
    const sessions = createSessions({
      store: postgresStore(pool, { rls, ...patient.store }),
      credentialSecrets,
      search: { index },
    })
    await fill(sessions)
    expect((await all(sessions, admin, { text: 'blue' })).length).toBeGreaterThan(0)
    // A search waits for what its own tenant said.
    await sessions.settled()
    expect((await pool.query('select * from llm_session_terms')).rows).toEqual([])
    expect((await owner.query('select distinct tenant_id from llm_session_terms')).rowCount).toBe(2)
  })

  test('forgets all of a user, in more than one statement', async () => {
    const pool = context.pools.open(await migrated(context.server), patient.pool)
    const index = postgresSearch(pool, slow)
    const entry = { sessionId: 'c', incarnation: 'i', changes: 1, role: 'user' as const, user: 'user:2' }
    await index.put(
      'acme',
      Array.from({ length: 5001 }, (_, at) => ({ ...entry, seq: 1 + at, at, terms: [['tea', 1]] as const })),
    )
    expect(await index.forget('acme', 'user:2')).toBe(5001)
    expect(await index.forget('acme', 'user:2')).toBe(0)
  })

  test('knows when sessions end, to the hour, and asks no more after those that are dropped', async () => {
    const pool = context.pools.open(await migrated(context.server), patient.pool)
    const index = postgresSearch(pool, slow)
    const hour = 3_600_000
    const said = (sessionId: string, expiresAt: number | undefined) => ({
      sessionId,
      incarnation: 'i',
      seq: 1,
      at: 5,
      changes: 1,
      role: 'user' as const,
      terms: [['tea', 1]] as const,
      expiresAt,
    })
    const ended = async (before: number, limit = 9) =>
      (await index.ended('acme', before, limit)).map(({ sessionId }) => sessionId)
    await index.put('acme', [said('late', 200), said('soon', 100), said('never', undefined)])
    expect([await ended(99), await ended(100), await ended(200), await ended(200, 1)]).toEqual([
      [],
      ['soon'],
      ['soon', 'late'],
      ['soon'],
    ])
    expect(await index.ended('other', 200, 9)).toEqual([])
    await index.put('acme', [said('soon', 100 + hour), said('late', 201 + hour)])
    expect(await ended(300)).toEqual(['soon'])
    await index.put('acme', [said('soon', undefined), said('never', 50)])
    expect(await ended(300)).toEqual(['never'])
    await index.drop('acme', { sessionId: 'never', incarnation: 'i' }, 1)
    expect(await ended(300)).toEqual(['never'])
    await index.extend('acme', { sessionId: 'never', incarnation: 'other' }, undefined)
    expect(await ended(300)).toEqual(['never'])
    await index.extend('acme', { sessionId: 'never', incarnation: 'i' }, undefined)
    expect(await ended(Number.MAX_SAFE_INTEGER)).toEqual(['late'])
    await index.drop('acme', { sessionId: 'late', incarnation: 'i' })
    expect(await ended(Number.MAX_SAFE_INTEGER)).toEqual([])
  })
})

describeSearchIndex('postgresSearch', async () => {
  const url = await migrated(context.server)
  const [index, peer] = [1, 2].map(() => postgresSearch(context.pools.open(url, patient.pool), slow)) as [
    SearchIndex,
    SearchIndex,
  ]
  return { index, peer }
})
