import { describeSessionStore } from '@sessions/core/testing'
import { startRedis } from '@sessions/testkit'
import { createClient, createClientPool } from 'redis'
import { redisStore } from '../src/index.js'
import { patient } from './clients.js'

const ignore = () => {}

describeSessionStore('redisStore on node-redis 6, a client and a pool', async () => {
  const server = await startRedis()
  const client = createClient({ url: server.url, commandOptions: { timeout: 10_000 } })
  const pool = createClientPool({ url: server.url, commandOptions: { timeout: 10_000 } })
  client.on('error', ignore)
  pool.on('error', ignore)
  await Promise.all([client.connect(), pool.connect()])
  return {
    store: redisStore(client, patient),
    peer: redisStore(pool, patient),
    async close() {
      client.destroy()
      pool.destroy()
      await server.stop()
    },
  }
})
