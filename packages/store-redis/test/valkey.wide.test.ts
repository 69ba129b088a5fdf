import { describeSessionStore } from '@sessions/core/testing'
import { startRedis } from '@sessions/testkit'
import { createClient } from 'redis'
import { redisStore } from '../src/index.js'
import { ioredis, patient } from './clients.js'

describeSessionStore('redisStore on Valkey, of ioredis and of node-redis', async () => {
  const server = await startRedis({ kind: 'valkey' })
  const first = ioredis(server.url)
  const second = createClient({ url: server.url, commandOptions: { timeout: 10_000 } })
  second.on('error', () => {})
  await second.connect()
  return {
    store: redisStore(first, patient),
    peer: redisStore(second, patient),
    close: async () => {
      first.disconnect()
      second.destroy()
      await server.stop()
    },
  }
})
