import { describeSessionStore } from '@sessions/core/testing'
import { startRedis, startRedisCluster } from '@sessions/testkit'
import { createCluster } from 'redis'
import { createClient as createClient5 } from 'redis5'
import { redisStore } from '../src/index.js'
import { patient } from './clients.js'
import { openNodeRedis } from './node-redis.js'

const ignore = () => {}

describeSessionStore('redisStore on node-redis 5, RESP 2 and RESP 3', async () => {
  const server = await startRedis()
  const clients = [createClient5({ url: server.url, RESP: 2 }), createClient5({ url: server.url, RESP: 3 })]
  await Promise.all(
    clients.map(async (client) => {
      client.on('error', ignore)
      await client.connect()
    }),
  )
  const [store, peer] = clients.map((client) => redisStore(client, { ...patient, onWarning: ignore }))
  return {
    store: store!,
    peer: peer!,
    async close() {
      for (const client of clients) client.destroy()
      await server.stop()
    },
  }
})

describeSessionStore('redisStore on a cluster of node-redis 6', async () => {
  const cluster = await startRedisCluster(3)
  const clients = [1, 2].map(() =>
    createCluster({ rootNodes: cluster.endpoints.map((socket) => ({ socket })) }),
  )
  await Promise.all(
    clients.map(async (client) => {
      client.on('error', ignore)
      await client.connect()
    }),
  )
  const [store, peer] = clients.map((client) => redisStore(client, { ...patient, onWarning: ignore }))
  return {
    store: store!,
    peer: peer!,
    async close() {
      for (const client of clients) client.destroy()
      await cluster.stop()
    },
  }
})

describeSessionStore('redisStore on node-redis 6, a client and a pool', openNodeRedis)
