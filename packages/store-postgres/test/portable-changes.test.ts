import type { SessionChange, SessionStore } from '@sessions/core/store'
import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { postgresStore } from '../src/index.js'
import { leftOver, migrated, patient, useServer } from './databases.js'

const context = useServer()
const hour = 3_600_000
let pool: pg.Pool
let store: SessionStore
let count = 0

beforeAll(async () => {
  pool = context.pools.open(await migrated(context.server), patient.pool)
  store = postgresStore(pool, { statements: 'portable', ...patient.store })
})

const message = (id: string, payload = 'xx') => ({ id, payload })
const many = (length: number) => Array.from({ length }, (_, n) => message(`m${n + 1}`, 'x'))
/** A session of a tenant that no other test has. */
const newRef = () => ({ tenantId: `tenant ${++count}`, id: 'one' })
type Ref = ReturnType<typeof newRef>

async function row({ tenantId, id }: Ref): Promise<Record<string, string | null>> {
  const { rows } = await pool.query<Record<string, string | null>>(
    'select * from llm_sessions where tenant_id = $1 and id = $2',
    [tenantId, id],
  )
  return rows[0]!
}

test('a session is found by sweeps in the hour in which it ends, whatever bound ends it', async () => {
  const ref = newRef()
  const ends = async (change: SessionChange, bound: number | undefined) => {
    const { record } = await store.commit(ref, change)
    const from =
      change.idleMs === undefined && change.lifetime === undefined ? record.createdAt : record.updatedAt
    expect(record.expiresAt === undefined ? undefined : record.expiresAt - from).toBe(bound)
    expect((await row(ref))['expires_bucket']).toBe(
      record.expiresAt === undefined ? null : Math.floor(record.expiresAt / hour),
    )
    expect((await store.read(ref))!.record).toEqual(record)
    return record
  }
  await ends({ revision: 0 }, undefined)
  await ends({ idleMs: 5 * hour }, 5 * hour)
  await ends({ idleMs: 7 * hour, absoluteMs: 100 * hour }, 7 * hour)
  // Its own bounds go before those of a commit.
  await ends({ lifetime: { idleMs: 2 * hour }, idleMs: 50 * hour }, 2 * hour)
  const { lifetime } = await ends({ idleMs: 90 * hour }, 2 * hour)
  expect(lifetime).toEqual({ idleMs: 2 * hour })
  const { createdAt, expiresAt } = (
    await store.commit(ref, { lifetime: { idleMs: null, absoluteMs: hour }, idleMs: hour })
  ).record
  expect(expiresAt! - createdAt).toBe(hour)
})

test('it is listed as active once a minute', async () => {
  const ref = newRef()
  const { record } = await store.commit(ref, { revision: 0, idleMs: hour })
  const next = (await store.commit(ref, { messages: [message('a')] })).record
  expect(next.activeAt).toBe(record.activeAt)
  await pool.query('update llm_sessions set active_at = active_at - 59000 where tenant_id = $1', [
    ref.tenantId,
  ])
  expect((await store.commit(ref, { messages: [message('b')] })).record.activeAt).toBe(
    record.activeAt - 59_000,
  )
  await pool.query('update llm_sessions set active_at = active_at - 1000 where tenant_id = $1', [
    ref.tenantId,
  ])
  const later = (await store.commit(ref, { messages: [message('c')] })).record
  expect(later.activeAt).toBeGreaterThanOrEqual(record.activeAt)
  expect(Number((await row(ref))['active_at'])).toBe(later.activeAt)
})

test('names come and go, each alone', async () => {
  const ref = newRef()
  await store.commit(ref, { revision: 0 })
  let expected: object = {}
  for (const change of [{ userId: 'alice' }, { label: 'label\u0000' }, { title: 'title' }]) {
    expected = { ...expected, ...change }
    expect((await store.commit(ref, change)).record).toMatchObject(expected)
  }
  for (const name of ['userId', 'label', 'title']) {
    const { record } = await store.commit(ref, { [name]: '' })
    expect(record).not.toHaveProperty(name)
    expect((await store.read(ref))!.record).toEqual(record)
  }
})

test('a log has no more room than a commit says, to the message and to the byte', async () => {
  const two = [message('m1'), message('m2')]
  const codes = async (ref: Ref, change: SessionChange) => {
    const all: (string | number)[] = []
    for (const room of [{ maxSeq: 1 }, { maxBytes: 3 }, { maxSeq: 2, maxBytes: 4 }])
      all.push(
        await store.commit(ref, { ...change, ...room }).then(
          ({ record }) => record.lastSeq,
          (error: { code: string }) => error.code,
        ),
      )
    return all
  }
  const ref = newRef()
  expect(await codes(ref, { revision: 0, messages: two })).toEqual(['limit_reached', 'too_large', 2])
  const other = newRef()
  await store.commit(other, { revision: 0 })
  expect(await codes(other, { messages: two })).toEqual(['limit_reached', 'too_large', 2])
  expect(await codes(other, { messages: two }), 'what is there needs none').toEqual([2, 2, 2])
  expect(await codes(other, { messages: [message('m3')] })).toEqual([
    'limit_reached',
    'too_large',
    'limit_reached',
  ])
  expect((await store.read(other))!.record).toMatchObject({ lastSeq: 2, bytes: 4 })
})

test('each of many amendments takes its own place, and those that have none change nothing', async () => {
  for (const length of [1, 15, 16, 17, 127, 128, 150]) {
    const ref = newRef()
    await store.commit(ref, { revision: 0, messages: many(length) })
    const amendments = Array.from({ length: length + 2 }, (_, n) => ({
      seq: n + 1,
      payload: `amended ${n + 1}`,
    }))
    expect(await store.amend(ref, amendments), String(length)).toBe(length)
    const { record, messages } = (await store.read(ref, { tail: length }))!
    expect(messages.map(({ payload }) => payload)).toEqual(
      amendments.slice(0, length).map(({ payload }) => payload),
    )
    expect(record.bytes).toBe(messages.reduce((sum, { payload }) => sum + payload.length, 0))
    expect(record.changes).toBe(2)
    expect(await store.amend(ref, [{ seq: length + 1, payload: 'none' }])).toBe(0)
  }
})

test('a guard means one session as it was, and nothing else', async () => {
  const ref = newRef()
  await store.commit(ref, { revision: 0, messages: many(3), incarnation: 'first' })
  const amendments = [{ seq: 1, payload: 'y' }]
  for (const guard of [{ changes: 2 }, { incarnation: 'other' }, { incarnation: 'other', changes: 1 }]) {
    expect(await store.amend(ref, amendments, guard)).toBe(0)
    expect(await store.trim(ref, 2, guard)).toBe(0)
    expect(await store.remove(ref, guard)).toBe(false)
  }
  expect(await store.amend(ref, amendments, { incarnation: 'first', changes: 1 })).toBe(1)
  expect(await store.trim(ref, 2, { incarnation: 'first', changes: 2 })).toBe(2)
  expect(await store.remove(ref, { incarnation: 'first', changes: 3 })).toBe(true)
  expect(await store.read(ref)).toBeUndefined()
})

test('a sweep takes what has ended, of every tenant, as many as it may, and nothing that lives', async () => {
  while ((await store.sweep({ limit: 1000 })) > 0);
  const refs = [newRef(), newRef()]
  for (const { tenantId } of refs) {
    for (const id of ['a', 'b', 'c'])
      await store.commit({ tenantId, id }, { revision: 0, messages: many(2), idleMs: 0 })
    await store.commit({ tenantId, id: 'large' }, { revision: 0, messages: many(900), idleMs: 0 })
    await store.commit({ tenantId, id: 'lives' }, { revision: 0, messages: many(2), idleMs: hour })
    await store.commit({ tenantId, id: 'endless' }, { revision: 0, messages: many(2) })
  }
  expect(await store.sweep({ limit: 1 })).toBe(1)
  expect(await store.sweep({ limit: 4 })).toBe(4)
  expect(await store.sweep({ limit: 100 })).toBe(3)
  expect(await store.sweep({ limit: 100 })).toBe(0)
  for (const { tenantId } of refs) {
    const { items } = await store.list({ tenantId, limit: 10 })
    expect(items.map(({ id }) => id).toSorted()).toEqual(['endless', 'lives'])
  }
  const { rows } = await pool.query(
    'select count(*)::integer as count from llm_sessions where tenant_id = any($1)',
    [refs.map(({ tenantId }) => tenantId)],
  )
  expect(rows).toEqual([{ count: 4 }])
  expect(await leftOver(pool)).toBe(0)
})

test('a sweep over several tenants takes no more than it may', async () => {
  while ((await store.sweep({ limit: 1000 })) > 0);
  for (const { tenantId } of [newRef(), newRef(), newRef()])
    for (const id of ['a', 'b', 'c']) await store.commit({ tenantId, id }, { revision: 0, idleMs: 0 })
  const swept: number[] = []
  for (const limit of [4, 2, 1, 5]) swept.push(await store.sweep({ limit }))
  expect(swept).toEqual([4, 2, 1, 2])
})
