import type { NewMessage, SessionStore } from '@sessions/core/store'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { postgresStore, type PostgresStoreOptions } from '../src/index.js'
import { migrated, useServer } from './databases.js'
import { noteStatements, type SentStatements } from './sent-statements.js'

const context = useServer()
const tenantId = 'acme'
const ref = { tenantId, id: 'session' }

const messages = (count: number, first = 1): NewMessage[] =>
  Array.from({ length: count }, (_, index) => ({ id: `m${first + index}`, payload: 'x'.repeat(40) }))
const quiet = () => {}

/** Makes a store do everything that it can. */
async function doEverything(store: SessionStore): Promise<void> {
  await store.commit(ref, { revision: 0, body: 'one', messages: messages(3), idleMs: 0 })
  await store.commit(ref, { revision: 0, messages: messages(3), userId: 'alice', lifetime: { idleMs: null } })
  await store.commit(ref, { revision: 0 }).catch(quiet)
  await store.commit(ref, { messages: messages(5) })
  await store.commit(ref, { messages: messages(150, 6), ownedBy: 'alice' })
  await store.commit(ref, { messages: messages(1, 400), maxSeq: 10 }).catch(quiet)
  await store.commit(ref, { revision: 1, body: 'two', title: 'Phones', idleMs: 3_600_000 })
  await store.commit({ tenantId, id: 'none' }, { title: 'Phones' }).catch(quiet)
  for (const tail of [0, 1, 5]) await store.read(ref, { tail })
  await Promise.all([1, 2, 3].map((tail) => store.read(ref, { tail })))
  for (const order of ['asc', 'desc'] as const) await store.messages(ref, { limit: 2, order })
  for (const filter of [{}, { userId: 'alice' }, { label: 'x' }, { userId: 'alice', label: 'x' }]) {
    await store.list({ tenantId, limit: 1, ...filter })
    await store.list({ tenantId, limit: 1, activeBefore: 5, ...filter })
  }
  await store.amend(
    ref,
    [1, 2, 3].map((seq) => ({ seq, payload: 'amended' })),
  )
  await store.amend(ref, [{ seq: 9999, payload: 'amended' }])
  await store.trim(ref, 10)
  const copy = (await store.read(ref))!
  await store.restore({ ...ref, id: 'copy' }, { ...copy, messages: [], more: true })
  await store.remove({ ...ref, id: 'copy' })
  const large = { ...ref, id: 'large' }
  for (const first of [1, 401])
    await store.commit(large, { ...(first === 1 ? { revision: 0 } : {}), messages: messages(400, first) })
  await store.remove(large)
  for (const id of ['a', 'b'])
    await store.commit({ ...ref, id }, { revision: 0, messages: messages(2), idleMs: 0 })
  expect(await store.sweep({ limit: 10 })).toBe(2)
  await store.remove(ref)
}

describe('what portable statements say', () => {
  let texts: string[]
  let sent: SentStatements

  beforeAll(async () => {
    const pool = context.pools.open(await migrated(context.server), { max: 1 })
    sent = noteStatements(pool)
    await doEverything(postgresStore(pool, { statements: 'portable' }))
    texts = [...new Set(sent.texts)].filter((text) => !/^(?:begin|commit$|rollback$)/.test(text))
  })

  const tablesIn = (text: string) => [
    ...text.matchAll(/(?:from|update|into|join|using) "public"\."(llm_\w+)"/g),
  ]
  const isWrite = (text: string) => /^(?:insert|update|delete)/.test(text)
  /** The one statement about several tenants: what a sweep looks at before it takes anything. */
  const isCandidates = (text: string) => text.startsWith('select t.tenant_id, t.id from')

  test('there are many, and all are about our tables', () => {
    expect(texts.length).toBeGreaterThan(35)
    for (const text of texts) expect(tablesIn(text).length, text).toBeGreaterThan(0)
  })

  test('each names the tenant by a value of its own, for every table in it', () => {
    expect(texts.filter(isCandidates)).toHaveLength(1)
    for (const text of texts) {
      if (isCandidates(text)) continue
      const insert = /^insert into \S+ \(([^)]*)\) values (.*)$/.exec(text)
      if (insert === null) {
        const named = text.match(/tenant_id = \$\d+/g) ?? []
        expect(named.length, text).toBeGreaterThanOrEqual(tablesIn(text).length)
        continue
      }
      const index = insert[1]!.split(', ').indexOf('tenant_id')
      // The tenant comes before any value that is more than a parameter.
      const rows = insert[2]!.split(/\((?=\$\d+::)/).slice(1)
      expect(rows.length, text).toBeGreaterThan(0)
      for (const row of rows) expect(row.split(', ')[index], text).toMatch(/^\$\d+::text$/)
    }
  })

  test('each write changes one table, by values that the store has worked out', () => {
    const writes = texts.filter(isWrite)
    expect(writes.length).toBeGreaterThan(12)
    for (const text of writes) {
      expect(text).not.toMatch(/\bwith\b|\bselect\b|\busing\b|\bunnest\b|\bconcat_ws\b|clock_timestamp/)
      expect(tablesIn(text), text).toHaveLength(1)
    }
  })

  test('no list locks rows of several tenants', () => {
    const locks = texts.filter((text) => text.includes('for update'))
    expect(locks).toHaveLength(2)
    for (const text of locks) expect(text).toMatch(/tenant_id = \$\d+/)
    expect(texts.find(isCandidates)).not.toMatch(/for (?:update|share)/)
  })

  test('a function whose value may change is in no CASE, no COALESCE and no RETURNING', () => {
    const changing = /clock_timestamp|statement_timestamp|\bnow\(|date_part|concat_ws|random|nextval|to_char/
    let parts = 0
    for (const text of texts) {
      const inside = [
        ...[...text.matchAll(/\bcase\b.*?\bend\b/g)].map(([found]) => found),
        ...[...text.matchAll(/\bcoalesce\(/g)].map(({ index }) => inParentheses(text.slice(index))),
        ...(/\breturning\b.*$/.exec(text) ?? []),
      ]
      parts += inside.length
      for (const part of inside) expect(part, text).not.toMatch(changing)
      // A write does not even call one that is always the same.
      if (isWrite(text))
        for (const part of inside) expect(part.replace(/^coalesce/, ''), text).not.toMatch(/\w\(/)
    }
    expect(parts).toBeGreaterThan(20)
  })

  test('every write but one statement of its own is in a transaction that held the session first', () => {
    let open: string[] | undefined
    for (const text of sent.texts) {
      if (text.startsWith('begin')) open = []
      else if (text === 'commit' || text === 'rollback') open = undefined
      else if (open === undefined) expect(text).not.toMatch(/^insert|^delete|\bbody =|\bbytes =/)
      else {
        if (open.length === 0) expect(text).toMatch(/for update|^update .* returning/)
        open.push(text)
      }
    }
  })

  test('an append costs five round trips, and a read one', async () => {
    const pool = context.pools.open(await migrated(context.server), { max: 1 })
    const counted = noteStatements(pool)
    const store = postgresStore(pool, { statements: 'portable' })
    const costOf = async (work: () => Promise<unknown>) => {
      counted.texts = []
      await work()
      return counted.texts.length
    }
    expect(await costOf(() => store.commit(ref, { revision: 0, messages: messages(1) }))).toBe(6)
    expect(await costOf(() => store.commit(ref, { messages: messages(1, 2) }))).toBe(5)
    expect(await costOf(() => store.commit(ref, { messages: messages(16, 3) }))).toBe(5)
    expect(await costOf(() => store.commit(ref, { title: 'Phones' }))).toBe(4)
    expect(await costOf(() => store.read(ref, { tail: 5 }))).toBe(1)
    expect(await costOf(() => store.messages(ref, { limit: 5 }))).toBe(1)
    expect(await costOf(() => store.list({ tenantId, limit: 5 }))).toBe(1)
  })
})

/** What stands in the first parentheses of a text, however many others are in them. */
function inParentheses(text: string): string {
  let depth = 0
  for (const [index, character] of [...text].entries()) {
    if (character === '(') depth++
    if (character === ')' && --depth === 0) return text.slice(0, index + 1)
  }
  return text
}

describe('options', () => {
  const given = (options: object) => () =>
    postgresStore(context.pools.open(context.server.url), options as PostgresStoreOptions)

  test('of portable statements that could not be kept are refused when the store is made', () => {
    for (const [options, path] of [
      [{ statements: 'fast' }, 'statements'],
      [{ statements: '' }, 'statements'],
      [{ statements: null }, 'statements'],
      [{ statements: true }, 'statements'],
      [{ statements: 'portable', rls: 'sessions.tenant' }, 'rls'],
      [{ statements: 'portable', coalesce: true }, 'coalesce'],
    ] as const) {
      expect(given(options), JSON.stringify(options)).toThrow(
        expect.objectContaining({ code: 'invalid', path }),
      )
    }
    for (const options of [
      {},
      { statements: 'combined', coalesce: true },
      { statements: 'portable', coalesce: false, rls: 'off', prepare: false },
    ])
      expect(given(options), JSON.stringify(options)).not.toThrow()
  })
})

test('a store of each kind work on the same tables', async () => {
  const pool: pg.Pool = context.pools.open(await migrated(context.server))
  const stores = [postgresStore(pool), postgresStore(pool, { statements: 'portable' })]
  await stores[0]!.commit(ref, { revision: 0, body: 'one' })
  const ids = Array.from({ length: 40 }, (_, n) => `m${n}`)
  await Promise.all(
    ids.map((id, n) => stores[n % 2]!.commit(ref, { messages: [{ id, payload: id }], idleMs: 60_000 })),
  )
  const [combined, portable] = await Promise.all(stores.map((store) => store.read(ref, { tail: 40 })))
  expect(portable).toEqual(combined)
  expect(combined!.record).toMatchObject({ lastSeq: 40, changes: 41, bytes: ids.join('').length })
  expect(combined!.messages.map(({ seq }) => seq)).toEqual(ids.map((_, n) => n + 1))
})
