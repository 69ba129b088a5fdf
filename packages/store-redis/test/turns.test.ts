import { describeTurns } from '@sessions/core/testing'
import { startRedis } from '@sessions/testkit'
import { redisStore } from '../src/index.js'
import { ioredis, patient } from './clients.js'

describeTurns('turns over redisStore', async () => {
  const server = await startRedis()
  const clients = [ioredis(server.url), ioredis(server.url)]
  const [store, peer] = clients.map((client) => redisStore(client, patient))
  return {
    store: store!,
    peer: peer!,
    close: async () => {
      for (const client of clients) client.disconnect()
      await server.stop()
    },
  }
})
