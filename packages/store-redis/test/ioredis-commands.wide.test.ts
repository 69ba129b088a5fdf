import { describeSessionStore } from '@sessions/core/testing'
import { startRedis, startRedisCluster } from '@sessions/testkit'
import { Cluster } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { redisStore } from '../src/index.js'
import { patient } from './clients.js'

describeSessionStore('redisStore on ioredis 5', async () => {
  const server = await startRedis()
  const clients = [1, 2].map(() => new Redis5(server.url, { commandTimeout: 10_000 }))
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

describeSessionStore('redisStore on a Cluster of ioredis', async () => {
  const cluster = await startRedisCluster(3)
  const clients = [1, 2].map(
    () => new Cluster([...cluster.endpoints], { redisOptions: { commandTimeout: 10_000 } }),
  )
  const [store, peer] = clients.map((client) => redisStore(client, patient))
  return {
    store: store!,
    peer: peer!,
    async close() {
      for (const client of clients) client.disconnect()
      await cluster.stop()
    },
  }
})
