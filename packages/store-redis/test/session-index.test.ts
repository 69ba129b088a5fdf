import type { SessionStore } from '@sessions/core/store'
import { startRedis, type RedisServer } from '@sessions/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Keys, userDigest } from '../src/stored/keys.js'
import { redisStore } from '../src/index.js'
import { ioredis, patient } from './clients.js'

const keys = new Keys('sessions')

let server: RedisServer
let client: Redis
let store: SessionStore

beforeAll(async () => {
  server = await startRedis()
  client = ioredis(server.url)
  store = redisStore(client, patient)
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})

const idsOf = async (query: { tenantId: string; userId?: string; label?: string }, limit = 1000) =>
  (await store.list({ ...query, limit })).items.map(({ id }) => id)

/** Makes entries of an index so old that they can be of no commit under way. */
async function age(key: string, ...members: string[]): Promise<void> {
  for (const member of members) await client.zincrby(key, 61_000, member)
}

/** Takes a minute off the activity that a record tells. */
async function ageRecord(ref: { tenantId: string; id: string }): Promise<void> {
  const { log } = keys.session(ref)
  const record = (await client.lindex(log, 0))!.split(' ')
  record[9] = String(Number(record[9]) - 60_000)
  await client.lset(log, 0, record.join(' '))
}

describe('an index that is wrong', () => {
  test('loses entries of sessions that vanished, when it is read', async () => {
    const tenantId = 'vanished'
    for (const id of ['a', 'b', 'c', 'd']) await store.commit({ tenantId, id }, { revision: 0 })
    for (const id of ['a', 'c']) await client.del(keys.session({ tenantId, id }).log)
    const index = keys.index({ tenantId })
    expect((await idsOf({ tenantId }, 2)).sort()).toEqual(['b', 'd'])
    expect(await client.zcard(index), 'of a minute, they may be of commits under way').toBe(4)
    await age(index, ...(await client.zrange(index, '0', '-1')))
    expect((await idsOf({ tenantId }, 2)).sort()).toEqual(['b', 'd'])
    expect(await client.zcard(keys.index({ tenantId }))).toBe(2)
  })

  test('loses an entry of an earlier session at the same place, and keeps that of the new one', async () => {
    const ref = { tenantId: 'replaced', id: 'a' }
    await store.commit(ref, { revision: 0, incarnation: 'first' })
    await client.del(keys.session(ref).log)
    await store.commit(ref, { revision: 0, incarnation: 'second' })
    const index = keys.index(ref)
    expect(await client.zcard(index)).toBe(2)
    await age(index, ...(await client.zrange(index, '0', '-1')))
    expect((await store.list({ tenantId: ref.tenantId, limit: 10 })).items).toMatchObject([
      { id: 'a', incarnation: 'second' },
    ])
    expect(await client.zcard(keys.index(ref))).toBe(1)
  })

  test('loses entries of sessions that belong to another user by now', async () => {
    const ref = { tenantId: 'moved', id: 'a' }
    await store.commit(ref, { revision: 0, userId: 'alice' })
    const old = keys.index({ tenantId: 'moved', user: await userDigest('alice') })
    const entry = await client.zrange(old, '0', '-1', 'WITHSCORES')
    await store.commit(ref, { userId: 'bob' })
    await client.zadd(old, Number(entry[1]) + 61_000, entry[0]!)
    expect(await idsOf({ tenantId: 'moved', userId: 'alice' })).toEqual([])
    expect(await client.zcard(old)).toBe(0)
    expect(await idsOf({ tenantId: 'moved', userId: 'bob' })).toEqual(['a'])
  })

  test('gets the right time of a session', async () => {
    const ref = { tenantId: 'stale', id: 'a' }
    const { record } = await store.commit(ref, { revision: 0 })
    const key = keys.index(ref)
    const [member] = await client.zrange(key, '0', '-1')
    await client.zadd(key, -5, member!)
    expect(await idsOf({ tenantId: 'stale' })).toEqual(['a'])
    expect(Number(await client.zscore(key, member!))).toBe(-record.activeAt)
  })

  test('is made whole by a second creation, and by activity a minute later', async () => {
    const ref = { tenantId: 'lost', id: 'a' }
    await store.commit(ref, { revision: 0, userId: 'alice' })
    const indexes = keys.indexes({ tenantId: 'lost', user: await userDigest('alice') })
    await client.del(...indexes)
    expect(await idsOf({ tenantId: 'lost' })).toEqual([])
    await expect(store.commit(ref, { revision: 0 })).rejects.toMatchObject({ code: 'conflict' })
    expect(await idsOf({ tenantId: 'lost', userId: 'alice' })).toEqual(['a'])

    await client.del(...indexes)
    await ageRecord(ref)
    await store.commit(ref, { messages: [{ id: 'm1', payload: '1' }] })
    expect(await idsOf({ tenantId: 'lost', userId: 'alice' })).toEqual(['a'])
  })

  test('that takes no entry keeps a session from being made', async () => {
    const ref = { tenantId: 'closed', id: 'a' }
    await client.set(keys.index(ref), 'not a sorted set')
    await expect(store.commit(ref, { revision: 0 })).rejects.toMatchObject({ code: 'corrupt' })
    expect(await store.read(ref)).toBeUndefined()
  })

  test('that could not be told is told by the next commit', async () => {
    const ref = { tenantId: 'broken', id: 'a' }
    const key = keys.index(ref)
    await store.commit(ref, { revision: 0 })
    await ageRecord(ref)
    await client.set(key, 'not a sorted set')
    await store.commit(ref, { messages: [{ id: 'm0', payload: '0' }] })
    await client.del(key)
    await store.commit(ref, { messages: [{ id: 'm1', payload: '1' }] })
    expect(await idsOf({ tenantId: 'broken' })).toEqual(['a'])
  })
})

describe('pages', () => {
  test('hold every session once when all are of one moment', async () => {
    const tenantId = 'moment'
    const ids = Array.from({ length: 60 }, (_, n) => `s${String(n).padStart(2, '0')}`)
    for (const id of ids) await store.commit({ tenantId, id }, { revision: 0 })
    const key = keys.index({ tenantId })
    const entries = await client.zrange(key, '0', '-1')
    for (const [n, member] of entries.entries()) {
      const { log } = keys.session({ tenantId, id: member.split(' ')[0]! })
      const record = (await client.lindex(log, 0))!.split(' ')
      record[9] = '1700000000000'
      await client.lset(log, 0, record.join(' '))
      await client.zadd(key, -1_700_000_000_000, entries[n]!)
    }
    for (const limit of [1, 7, 59, 60]) {
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await store.list({ tenantId, limit, ...(cursor === undefined ? {} : { cursor }) })
        seen.push(...page.items.map(({ id }) => id))
        cursor = page.cursor
      } while (cursor !== undefined)
      expect(seen).toEqual(ids)
    }
  })
})

describe('sweep', () => {
  test('leaves a session that got more time, and finds it when that is over', async () => {
    const ref = { tenantId: 'swept', id: 'a' }
    const names = { userId: 'alice', label: 'support' }
    await store.commit(ref, { revision: 0, idleMs: 1, ...names }).catch(() => undefined)
    while ((await store.sweep({ limit: 100 })) > 0) continue
    const { record } = await store.commit(ref, { revision: 0, idleMs: 60_000, ...names })
    const due = keys.dueOf(ref.tenantId)
    const [member] = await client.zrange(due, '0', '-1')
    await client.zadd(due, 1, member!)
    expect(await store.sweep({ limit: 100 })).toBe(0)
    expect(Number(await client.zscore(due, member!))).toBe(record.expiresAt)

    await store.commit(ref, { idleMs: 0 })
    expect(await store.sweep({ limit: 100 })).toBe(1)
    expect(await client.keys('*swept*')).toEqual([])
    expect(await client.zcard(due)).toBe(0)
  })

  test('comes to an end over a session that somebody made to last', async () => {
    const ref = { tenantId: 'persisted', id: 'a' }
    await store.commit(ref, { revision: 0, idleMs: 60_000 })
    await client.persist(keys.session(ref).log)
    const due = keys.dueOf(ref.tenantId)
    const record = (await client.lindex(keys.session(ref).log, 0))!.split(' ')
    record[10] = '5'
    await client.lset(keys.session(ref).log, 0, record.join(' '))
    const [member] = await client.zrange(due, '0', '-1')
    await client.zadd(due, 5, member!)
    expect(await store.sweep({ limit: 100 })).toBe(0)
    expect(await client.zcard(due)).toBe(0)
  })
})
