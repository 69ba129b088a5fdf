import { expect, it } from 'vitest'
import { bundle } from './weigh.js'

it.each([
  ['createSessions, with zod', `export { createSessions, memoryStore } from '@sessions/core'`, 60],
  ['the store on Redis', `export { redisStore } from '@sessions/store-redis'`, 20],
  ['the listener of webhooks', `export { webhookListener } from '@sessions/core/listeners'`, 12],
  ['the proxy of Next', `export { sessionsProxy } from '@sessions/next/proxy'`, 10],
])('%s wants no module of Node, and weighs no more than docs/weight.md says', async (_, code, first) => {
  const weighed = await bundle(code, { without: ['next'] })
  expect(weighed.wanted).toEqual([])
  expect(weighed.first).toBeLessThan(first)
})
