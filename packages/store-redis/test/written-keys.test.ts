import type { SessionStore } from '@sessions/core/store'
import { startRedis, type RedisServer } from '@sessions/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { redisStore } from '../src/index.js'
import { ioredis, patient } from './clients.js'

// The names stay: a later release must find what an earlier one has written.

let server: RedisServer
let client: Redis
let store: SessionStore

beforeAll(async () => {
  server = await startRedis()
  client = ioredis(server.url)
  store = redisStore(client, patient)
})
beforeEach(async () => {
  await client.flushall()
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})

/** Every key, with the members of those that list sessions. */
async function written(): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {}
  for (const key of await client.keys('*'))
    found[key] = (await client.type(key)) === 'zset' ? await client.zrange(key, '0', '-1') : []
  return found
}

const messages = [{ id: 'm', payload: '1' }]

test('a session without names is in the index of its tenant alone', async () => {
  await store.commit({ tenantId: 'acme', id: 'one' }, { revision: 0, incarnation: 'first', messages })
  expect(await written()).toEqual({
    'sessions:{acme:one}:log': [],
    'sessions:{acme:one}:ids': [],
    'sessions:{15}:tenant=acme': ['one k495j5'],
  })
})

test('a session is in an index of each of its names, and among those with a deadline', async () => {
  const ref = { tenantId: 'acme & co', id: 'two' }
  const names = { userId: 'alice', label: 'a: b' }
  await store.commit(ref, { revision: 0, incarnation: 'second', idleMs: 60_000, ...names, messages })
  const [tenant, user, label] = ['acme~0020~0026~0020co', 'K9gGyX8OAK8aH8Myj6djqS', 'a~003a~0020b']
  expect(await written()).toEqual({
    [`sessions:{${tenant}:two}:log`]: [],
    [`sessions:{${tenant}:two}:ids`]: [],
    [`sessions:{13}:tenant=${tenant}`]: ['two 1bps3bx'],
    [`sessions:{13}:tenant=${tenant}:user=${user}`]: ['two 1bps3bx'],
    [`sessions:{13}:tenant=${tenant}:label=${label}`]: ['two 1bps3bx'],
    [`sessions:{13}:tenant=${tenant}:user=${user}:label=${label}`]: ['two 1bps3bx'],
    'sessions:{13}:due': [`${tenant} two 1bps3bx ${user} ${label}`],
  })
})

test.each([
  [{ userId: 'alice' }, 'user=K9gGyX8OAK8aH8Myj6djqS', 'K9gGyX8OAK8aH8Myj6djqS '],
  [{ label: 'l' }, 'label=l', ' l'],
])('a name that is not there has no index: %o', async (names, index, due) => {
  const ref = { tenantId: 'acme', id: 'one' }
  const { record } = await store.commit(ref, {
    revision: 0,
    incarnation: 'first',
    absoluteMs: 9000,
    ...names,
  })
  expect(await written()).toEqual({
    'sessions:{acme:one}:log': [],
    'sessions:{15}:tenant=acme': ['one k495j5'],
    [`sessions:{15}:tenant=acme:${index}`]: ['one k495j5'],
    'sessions:{15}:due': [`acme one k495j5 ${due}`],
  })
  const [member] = await client.zrange('sessions:{15}:due', '0', '-1')
  expect(Number(await client.zscore('sessions:{15}:due', member!))).toBe(record.expiresAt)
  expect(Number(await client.zscore('sessions:{15}:tenant=acme', 'one k495j5'))).toBe(-record.activeAt)
})

test('the sooner of two deadlines counts, and the one that is there', async () => {
  const dueOf = async (id: string, ttl: { idleMs?: number; absoluteMs?: number }) => {
    const { record } = await store.commit(
      { tenantId: 'acme', id },
      { revision: 0, incarnation: 'first', ...ttl },
    )
    const score = await client.zscore('sessions:{15}:due', `acme ${id} k495j5  `)
    expect(score === null ? undefined : Number(score)).toBe(record.expiresAt)
    return record.expiresAt === undefined ? undefined : record.expiresAt - record.activeAt
  }
  expect(await dueOf('a', { idleMs: 60_000, absoluteMs: 90_000 })).toBe(60_000)
  expect(await dueOf('b', { idleMs: 90_000, absoluteMs: 60_000 })).toBe(60_000)
  expect(await dueOf('c', { absoluteMs: 60_000 })).toBe(60_000)
  expect(await dueOf('d', {})).toBeUndefined()
})

test('a copy whose last part is still to come has keys of its own, which are gone with that part', async () => {
  const ref = { tenantId: 'acme', id: 'one' }
  await store.commit(ref, { revision: 0, incarnation: 'first', body: '{}', messages })
  const { record, body } = (await store.read(ref))!
  const { messages: copied } = await store.messages(ref, { limit: 10 })
  await store.remove(ref)
  await store.restore(ref, { record, body, messages: copied, more: true })
  expect(await written()).toEqual({
    'sessions:{acme:one}:begun-log': [],
    'sessions:{acme:one}:begun-ids': [],
  })
  await store.restore(ref, { record, body, messages: copied })
  expect(await written()).toEqual({
    'sessions:{acme:one}:log': [],
    'sessions:{acme:one}:ids': [],
    'sessions:{15}:tenant=acme': ['one k495j5'],
  })
})

test('a session that is gone leaves nothing, whatever its names were', async () => {
  const names = { userId: 'alice', label: 'l', idleMs: 60_000 }
  const ref = { tenantId: 'acme', id: 'one' }
  await store.commit(ref, { revision: 0, ...names, messages })
  expect(await store.remove(ref)).toBe(true)
  expect(await written()).toEqual({})
})

test.each(['a{b', 'a}b', '{}'])('a prefix with a brace is refused: %s', (keyPrefix) => {
  expect(() => redisStore(client, { keyPrefix })).toThrowError(
    expect.objectContaining({
      code: 'invalid',
      message: 'keyPrefix must not hold a brace',
      path: 'keyPrefix',
    }),
  )
})

test('a prefix is that of every key', async () => {
  const other = redisStore(client, { ...patient, keyPrefix: 'mine' })
  await other.commit({ tenantId: 'acme', id: 'one' }, { revision: 0, incarnation: 'first' })
  expect(await written()).toEqual({
    'mine:{acme:one}:log': [],
    'mine:{15}:tenant=acme': ['one k495j5'],
  })
})
