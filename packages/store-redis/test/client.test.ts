import { holdUp, startRedis, type RedisServer } from '@sessions/testkit'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createRedisClient } from '../src/client.js'
import { redisStore } from '../src/index.js'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

test('what Redis answered in time is heard by a process that was held up', async () => {
  const client = createRedisClient(server.url)
  onTestFinished(() => client.disconnect())
  const store = redisStore(client)
  const ref = { tenantId: 'acme', id: 'held-up' }
  await store.commit(ref, { revision: 0 })
  const calls = [store.read(ref), store.commit(ref, { messages: [{ id: 'm1', payload: '1' }] })]
  await holdUp(1200)
  expect(await Promise.allSettled(calls)).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }])
})

test('without a URL there is no client, and none of this machine', () => {
  for (const url of [undefined, '', null, 6379]) {
    expect(() => createRedisClient(url as unknown as string)).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'url' }),
    )
  }
})
