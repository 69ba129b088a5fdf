import { describeSessionStore } from '@sessions/core/testing'
import { startRedisSentinel } from '@sessions/testkit'
import { createSentinel } from 'redis'
import { createRedisClient } from '../src/client.js'
import { redisStore } from '../src/index.js'
import { behind, patient } from './clients.js'

describeSessionStore('redisStore behind Sentinels, on ioredis and on a sentinel of node-redis', async () => {
  const group = await startRedisSentinel()
  // The preset, with room for a busy machine.
  const room = { commandTimeout: 10_000, socketTimeout: 10_000 }
  const ioredis = createRedisClient('redis://', { ...behind(group), ...room })
  const nodeRedis = createSentinel({ name: group.name, sentinelRootNodes: [...group.endpoints] })
  nodeRedis.on('error', () => {})
  await nodeRedis.connect()
  return {
    store: redisStore(ioredis, patient),
    peer: redisStore(nodeRedis, patient),
    close: async () => {
      ioredis.disconnect()
      await nodeRedis.destroy()
      await group.stop()
    },
  }
})
