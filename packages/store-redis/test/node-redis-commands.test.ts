import { storeChapters } from '@sessions/core/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { openNodeRedis } from './node-redis.js'

// The whole suite: node-redis-commands.wide.test.ts.
const chapters = storeChapters.filter(({ title }) => /^(commit|message ids|owners|room|amend)/.test(title))

describe('redisStore on node-redis 6, a client and a pool', () => {
  let stores: Awaited<ReturnType<typeof openNodeRedis>>
  beforeAll(async () => {
    stores = await openNodeRedis()
  })
  afterAll(() => stores.close())

  describe.each(chapters)('$title', ({ cases }) => {
    test.each(cases)('$title', ({ run }) => run(stores))
  })
})
