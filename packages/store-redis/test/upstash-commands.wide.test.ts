import { describeSessionStore } from '@sessions/core/testing'
import { startRedis } from '@sessions/testkit'
import { Redis } from '@upstash/redis'
import { redisStore } from '../src/index.js'
import { patient } from './clients.js'
import { startRestFront } from './rest-front.js'

const quiet = { enableTelemetry: false, retry: false } as const

describeSessionStore('redisStore on @upstash/redis', async () => {
  const server = await startRedis()
  const front = await startRestFront(server.url)
  const { url, token } = front
  // Replies as base64 and parsed as JSON, which is how the client comes; and neither.
  const clients = [
    new Redis({ url, token, ...quiet }),
    new Redis({
      url,
      token,
      ...quiet,
      responseEncoding: false,
      automaticDeserialization: false,
      enableAutoPipelining: false,
    }),
  ]
  const [store, peer] = clients.map((client) => redisStore(client, patient))
  return {
    store: store!,
    peer: peer!,
    async close() {
      await front.stop()
      await server.stop()
    },
  }
})
