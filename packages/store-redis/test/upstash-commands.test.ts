import { startRedis } from '@sessions/testkit'
import { Redis } from '@upstash/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisStore } from '../src/index.js'
import { startRestFront, type RestFront } from './rest-front.js'

const quiet = { enableTelemetry: false, retry: false } as const

describe('redisStore on @upstash/redis', () => {
  let front: RestFront
  let stop: () => Promise<void>

  beforeAll(async () => {
    const server = await startRedis()
    front = await startRestFront(server.url)
    stop = () => server.stop()
  })
  afterAll(() => stop())

  test('one request a commit and one a read', async () => {
    const { url, token } = front
    const store = redisStore(new Redis({ url, token, ...quiet }))
    const ref = { tenantId: 'acme', id: 'one' }
    // A script is sent in full once, to a server that has not seen it.
    await store.commit(ref, { revision: 0 })
    await store.read(ref, { tail: 2 })
    const before = front.requests
    await store.commit(ref, { messages: [{ id: 'm1', payload: '1' }] })
    expect(front.requests - before).toBe(1)
    await store.read(ref, { tail: 10 })
    expect(front.requests - before).toBe(2)
  })

  test('a front that is gone is unavailable, and of a write the outcome is unknown', async () => {
    const { url, token } = front
    const store = redisStore(new Redis({ url, token, ...quiet }))
    await front.stop()
    const ref = { tenantId: 'acme', id: 'one' }
    await expect(store.read(ref)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(store.commit(ref, {})).rejects.toMatchObject({ code: 'unknown_outcome' })
    // The list is told first of a session to come, and it was not reached.
    await expect(store.commit({ ...ref, id: 'two' }, { revision: 0 })).rejects.toMatchObject({
      code: 'unavailable',
    })
  })
})
