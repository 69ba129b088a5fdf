import { startRedis } from '@sessions/testkit'
import { createClient, createClientPool } from 'redis'
import { redisStore } from '../src/index.js'
import { patient } from './clients.js'

/** A store over a client of node-redis 6, and one over a pool of them, on one server. */
export async function openNodeRedis() {
  const server = await startRedis()
  const client = createClient({ url: server.url, commandOptions: { timeout: 10_000 } })
  const pool = createClientPool({ url: server.url, commandOptions: { timeout: 10_000 } })
  client.on('error', () => {})
  pool.on('error', () => {})
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
}
