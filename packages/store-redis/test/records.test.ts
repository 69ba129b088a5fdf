import { startRedis, type RedisServer, waitUntil } from '@sessions/testkit'
import type { SessionStore } from '@sessions/core/store'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { redisStore } from '../src/index.js'
import { Keys } from '../src/stored/keys.js'
import { ioredis, patient } from './clients.js'

let server: RedisServer
let client: Redis
let store: SessionStore
const keys = new Keys('sessions')

beforeAll(async () => {
  server = await startRedis()
  client = ioredis(server.url)
  store = redisStore(client, patient)
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})

const made = async (id: string, change: { userId?: string } = {}) => {
  const ref = { tenantId: 'acme', id }
  await store.commit(ref, { revision: 0, body: '{}', ...change })
  return ref
}

test('a record that stands under the key of another session is corrupt, for reads and writes', async () => {
  const [one, two] = [await made('one'), await made('two')]
  const [from, to] = [keys.session(one), keys.session(two)]
  await client.copy(from.log, to.log, 'REPLACE')
  await expect(store.read(two)).rejects.toMatchObject({ code: 'corrupt' })
  await expect(store.commit(two, { messages: [{ id: 'm', payload: '1' }] })).rejects.toMatchObject({
    code: 'corrupt',
  })
  expect((await store.read(one))!.record.lastSeq).toBe(0)
  expect(await client.llen(to.log)).toBe(await client.llen(from.log))
})

test('a session whose keys outlive its deadline takes no write, and its id is free', async () => {
  const ref = { tenantId: 'acme', id: 'ends' }
  const { record } = await store.commit(ref, { revision: 0, body: '{}', idleMs: 1000 })
  const { log, ids } = keys.session(ref)
  await client.persist(log)
  await client.persist(ids)
  await waitUntil(
    async () => {
      const [seconds, micros] = await client.time()
      return Number(seconds) * 1000 + Number(micros) / 1000 > record.expiresAt!
    },
    { what: 'the deadline' },
  )
  await expect(store.commit(ref, { messages: [{ id: 'm', payload: '1' }] })).rejects.toMatchObject({
    code: 'not_found',
  })
  expect((await store.commit(ref, { revision: 0, body: '{}' })).record).toMatchObject({ changes: 1 })
})

test('the index of a user holds no session any more that was given to another', async () => {
  const ref = await made('given', { userId: 'alice' })
  const scores = async () => {
    const found: Record<string, number> = {}
    for (const key of await client.keys('*'))
      if ((await client.type(key)) === 'zset') found[key] = await client.zcard(key)
    return found
  }
  const before = await scores()
  await store.commit(ref, { userId: 'bob' })
  expect((await store.list({ tenantId: 'acme', userId: 'bob', limit: 5 })).items).toHaveLength(1)
  const after = await scores()
  const gone = Object.keys(before).filter((key) => after[key] === undefined)
  expect(gone).toHaveLength(1)
})

test('a script is named, once its name is known, and not sent again', async () => {
  const ref = await made('named')
  const countOf = async (command: string) =>
    Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await client.info('commandstats'))?.[1] ?? 0)
  const [texts, names] = [await countOf('eval'), await countOf('evalsha')]
  for (let seq = 1; seq <= 20; seq++) await store.commit(ref, { messages: [{ id: `m${seq}`, payload: '1' }] })
  expect(await countOf('eval')).toBeLessThanOrEqual(texts + 1)
  expect(await countOf('evalsha')).toBeGreaterThanOrEqual(names + 19)
})
