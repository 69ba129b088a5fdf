import { describeSessionStore } from '@sessions/core/testing'
import { startRedis } from '@sessions/testkit'
import { redisStore } from '../src/index.js'
import { ioredis, patient } from './clients.js'

describeSessionStore('redisStore on ioredis 6', async () => {
  const server = await startRedis()
  // The second as others like it: keys under a prefix of the client are another store, so both have it.
  const clients = [
    ioredis(server.url, { keyPrefix: 'app:' }),
    ioredis(server.url, { keyPrefix: 'app:', enableAutoPipelining: true }),
  ]
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
