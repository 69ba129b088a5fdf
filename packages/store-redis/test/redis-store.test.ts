import { describeSessionStore } from '@sessions/core/testing'
import { startRedis } from '@sessions/testkit'
import { redisStore } from '../src/index.js'
import { ioredis, patient } from './clients.js'

describeSessionStore('redisStore on ioredis', async () => {
  const server = await startRedis()
  const clients = [ioredis(server.url), ioredis(server.url)]
  const [store, peer] = clients.map((client) => redisStore(client, patient))
  return {
    store: store!,
    peer: peer!,
    async close() {
      for (const client of clients) client.disconnect()
      await server.stop()
    },
  }
})
