import { readFile } from 'node:fs/promises'
import type { SessionRef, SessionStore } from '@sessions/core/store'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { checkSchema, postgresSearch, postgresStore, postgresUsageLog } from '../src/index.js'
import { as, migrated, useServer } from './databases.js'
import { useAll } from './odd-pools.js'

// Roles that may not do everything.

const context = useServer()

let url: string
let owner: pg.Pool
let whole: SessionStore

beforeAll(async () => {
  url = await migrated(context.server)
  owner = context.pools.open(url)
  whole = postgresStore(owner)
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  await owner.query(/```sql\n(create role app [^`]*)```/.exec(readme)![1]!)
})

test('the rights of the README are enough for everything', async () => {
  const pool = context.pools.open(as('app', url))
  await checkSchema(pool)
  await useAll(pool)
  const usage = postgresUsageLog(pool)
  const event = { id: 'e1', at: 1, outcome: 'completed', inputTokens: 1, outputTokens: 1 } as const
  await usage.append('acme', [event, { ...event, id: 'e2', user: 'alice' }])
  expect(await usage.forget!('acme', 'alice')).toBe(1)
  expect(await usage.prune!('acme', Date.now(), 9)).toBe(2)
  const search = postgresSearch(pool)
  const session = { sessionId: 's1', incarnation: 'i1' }
  const entry = { ...session, at: 1, changes: 1, seq: 1, user: 'alice', role: 'user', terms: [['blue', 1]] }
  await search.put('acme', [entry as never])
  await search.own('acme', session, 'bob')
  await search.extend('acme', session, 5)
  expect(await search.ended('acme', 9, 9)).toHaveLength(1)
  expect(await search.forget('acme', 'bob')).toBe(1)
  await search.drop('acme', session)
})

describe('a role without one right', () => {
  const writes: Record<string, (store: SessionStore, ref: SessionRef) => Promise<unknown>> = {
    create: (store, ref) =>
      store.commit({ ...ref, id: `${ref.id}-new` }, { revision: 0, messages: [{ id: 'm1', payload: '1' }] }),
    append: (store, ref) => store.commit(ref, { messages: [{ id: 'm2', payload: '2' }] }),
    'append again': (store, ref) =>
      store.commit(ref, { messages: ['m1', 'm3'].map((id) => ({ id, payload: id.slice(1) })) }),
    change: (store, ref) => store.commit(ref, { revision: 1, body: 'new' }),
    amend: (store, ref) => store.amend(ref, [{ seq: 1, payload: 'amended' }]),
    trim: (store, ref) => store.trim(ref, 1),
    remove: (store, ref) => store.remove(ref),
  }
  const rights = ['select', 'insert', 'update', 'delete'].flatMap((right) =>
    ['llm_sessions', 'llm_session_messages'].map((table) => [right, table] as const),
  )
  for (const [index, [right, table]] of rights.entries()) {
    test(`to ${right} on ${table}: a write is done as a whole, or refused with nothing changed`, async () => {
      const role = `lacks_${index}`
      await owner.query(`create role ${role} login in role app noinherit;
        grant usage on schema public to ${role};
        grant select, insert, update, delete on llm_sessions, llm_session_messages to ${role};
        revoke ${right} on ${table} from ${role}`)
      const store = postgresStore(context.pools.open(as(role, url)))
      let refused = 0
      for (const [name, write] of Object.entries(writes)) {
        const ref = { tenantId: role, id: name.replaceAll(' ', '-') }
        await whole.commit(ref, { revision: 0, messages: [{ id: 'm1', payload: '1' }] })
        const state = async () => [
          await whole.read(ref, { tail: 9 }),
          await whole.read({ ...ref, id: `${ref.id}-new` }, { tail: 9 }),
        ]
        const before = await state()
        const [outcome] = await Promise.allSettled([write(store, ref)])
        if (outcome.status === 'fulfilled') {
          expect(await state(), name).not.toEqual(before)
          continue
        }
        refused++
        const told = { code: 'store_failed', message: expect.stringContaining('lacks a right') as string }
        expect(outcome.reason, name).toMatchObject(told)
        expect(await state(), name).toEqual(before)
      }
      expect(refused).toBeGreaterThan(0)
    })
  }
})
