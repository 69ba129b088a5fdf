import { isSessionError, type SessionCopy, type SessionRef, type SessionStore } from '@sessions/core/store'
import { startRedis, type RedisServer } from '@sessions/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { redisStore } from '../src/index.js'
import { ioredis, patient } from './clients.js'
import { commandsDuring } from './watch-commands.js'

let server: RedisServer
let client: Redis
let store: SessionStore
let tenants = 0

beforeAll(async () => {
  server = await startRedis()
  client = ioredis(server.url)
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})

/** A store on a server that is empty; gives the place of each session of a tenant of its own. */
async function begin(): Promise<(n: number) => SessionRef> {
  await client.flushall()
  store = redisStore(client, patient)
  await store.read({ tenantId: 'warm', id: 'up' })
  const tenantId = `tenant ${tenants++}`
  return (n) => ({ tenantId, id: `session ${n}` })
}

const hour = 3_600_000
const message = (id: string, payload = `payload of ${id}`) => ({ id, payload })

/** How many entries all indexes have together. */
async function entries(): Promise<number> {
  let count = 0
  for (const key of await client.keys('*')) {
    if ((await client.type(key)) === 'zset') count += await client.zcard(key)
  }
  return count
}

test('amendments go by a hundred, under a guard that counts its own first step', async () => {
  const refOf = await begin()
  const ref = refOf(1)
  const messages = Array.from({ length: 150 }, (_, n) => message(`m${n}`, 'x'))
  await store.commit(ref, { revision: 0, messages, incarnation: 'first' })
  const amendments = messages.map((_, n) => ({ seq: n + 1, payload: 'yy' }))
  for (const guard of [{ changes: 2 }, { incarnation: 'other' }, { incarnation: 'other', changes: 1 }]) {
    expect(await store.amend(ref, amendments, guard)).toBe(0)
    expect(await store.trim(ref, 5, guard)).toBe(0)
    expect(await store.remove(ref, guard)).toBe(false)
  }
  const guard = { incarnation: 'first', changes: 1 }
  let amended: unknown
  const amend = async () => {
    amended = await store.amend(ref, amendments, guard)
  }
  expect((await commandsDuring(server.url, amend)).filter((name) => name.startsWith('EVAL'))).toHaveLength(2)
  expect(amended).toBe(150)
  expect((await store.read(ref))?.record).toMatchObject({ changes: 3, bytes: 300 })
  // The first hundred are not there, so the second step is under the same guard.
  const absent = Array.from({ length: 100 }, (_, n) => ({ seq: 1000 + n, payload: 'z' }))
  const seven = { seq: 7, payload: 'zzz' }
  expect(await store.amend(ref, [...absent, seven], { changes: 2 })).toBe(0)
  expect(await store.amend(ref, [...absent, seven], { changes: 3 })).toBe(1)
  await expect(store.trim(ref, -1)).rejects.toMatchObject({ code: 'invalid', path: 'throughSeq' })
})

test('an index has one entry for each session, whatever becomes of the session', async () => {
  const refOf = await begin()
  const ref = refOf(1)
  await store.commit(ref, { revision: 0, userId: 'alice', idleMs: hour })
  const count = await entries()
  expect(count).toBe(3)
  await expect(store.commit(ref, { revision: 0, userId: 'bob', label: 'label' })).rejects.toMatchObject({
    code: 'conflict',
  })
  expect(await entries(), 'of a create that was refused').toBe(count)
  await store.commit(ref, { userId: 'bob' })
  expect(await entries(), 'of another user').toBe(count)
  expect((await store.list({ tenantId: ref.tenantId, userId: 'bob', limit: 5 })).items).toHaveLength(1)
  await store.commit(ref, { label: 'label' })
  const labelled = await entries()
  expect(labelled).toBeGreaterThan(count)
  await store.commit(ref, { label: '', userId: '' })
  expect(await entries(), 'of nobody').toBe(2)
  expect(await store.remove(ref)).toBe(true)
  expect(await entries()).toBe(0)
  expect(await store.remove(ref), 'again').toBe(false)
  expect(await client.keys('*session 1*')).toEqual([])
})

test('a copy is taken over in order, whole, and anew when its session has changed', async () => {
  const refOf = await begin()
  const messages = ['m1', 'm2', 'm3'].map((id) => message(id))
  await store.commit(refOf(1), { revision: 0, messages, userId: 'alice' })
  const copy = (await store.read(refOf(1), { tail: 3 }))!
  const ref = refOf(2)
  const restored = (change: Partial<SessionCopy>) =>
    store.restore(ref, { ...copy, ...change }).then(
      () => 'done',
      (error: unknown) => (isSessionError(error) ? error.code : 'thrown'),
    )
  const [one, two, three] = copy.messages.map((each) => [each])
  expect(await restored({ messages: two!, more: true }), 'a gap at the start').toBe('conflict')
  expect(await restored({ messages: one!, more: true })).toBe('done')
  expect(await entries(), 'of the first session alone').toBe(2)
  expect(await restored({ messages: three!, more: true }), 'a gap').toBe('conflict')
  expect(await store.read(ref)).toBeUndefined()
  const later = { ...copy.record, changes: 9 }
  expect(await restored({ record: later, messages: [...two!, ...three!] }), 'it begins anew').toBe('conflict')
  expect(await restored({ record: later, messages: [...one!, ...two!], more: true })).toBe('done')
  expect(await restored({ record: later, messages: [...two!, ...three!] })).toBe('done')
  expect(await entries()).toBe(4)
  const stored = await store.read(ref, { tail: 9 })
  expect(stored).toEqual({ ...copy, record: { ...later, ...ref } })
  const trimmed = { ...copy.record, changes: 10, trimmedSeq: 1, userId: 'bob' }
  expect(await restored({ record: trimmed, messages: two!, more: true })).toBe('done')
  const again = [{ ...three![0]!, id: 'm2' }]
  expect(await restored({ record: trimmed, messages: again }), 'an id twice').toBe('invalid')
  expect(await restored({ record: trimmed, messages: [...two!, ...three!] }), 'over an older one').toBe(
    'done',
  )
  expect(await entries(), 'of another user').toBe(4)
  expect((await store.list({ tenantId: ref.tenantId, userId: 'bob', limit: 5 })).items).toHaveLength(1)
  expect((await store.read(ref, { tail: 9 }))!.messages.map(({ seq }) => seq)).toEqual([2, 3])
  expect(await restored({ record: trimmed, messages: [...two!, ...three!] }), 'again').toBe('done')
  const older = store.restore(ref, { ...copy, record: later, messages: one!, more: true })
  await expect(older, 'an older one').rejects.toMatchObject({ code: 'conflict' })
  expect(await entries()).toBe(4)
})

test('the cursor of a page leads past sessions of one moment, and of any order of their ids', async () => {
  const refOf = await begin()
  const { tenantId } = refOf(0)
  await Promise.all(Array.from({ length: 30 }, (_, n) => store.commit(refOf(n), { revision: 0 })))
  const all = (await store.list({ tenantId, limit: 100 })).items
  for (const [index, record] of all.slice(1).entries()) {
    const before = all[index]!
    const isInOrder =
      before.activeAt > record.activeAt || (before.activeAt === record.activeAt && before.id < record.id)
    expect(isInOrder, `${before.id} and ${record.id}`).toBe(true)
  }
  for (const limit of [1, 7]) {
    const ids: string[] = []
    for (let next: object | undefined = {}; next !== undefined;) {
      const { items, cursor } = await store.list({ tenantId, limit, ...next })
      ids.push(...items.map(({ id }) => id))
      next = cursor === undefined ? undefined : { cursor }
    }
    expect(ids.toSorted()).toEqual(all.map(({ id }) => id).toSorted())
  }
  const { activeAt } = all[10]!
  const older = await store.list({ tenantId, limit: 100, activeBefore: activeAt })
  expect(older.items.map(({ id }) => id)).toEqual(
    all.filter((record) => record.activeAt < activeAt).map(({ id }) => id),
  )
})
