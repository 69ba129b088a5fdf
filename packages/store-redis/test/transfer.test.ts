import { describeTransfers } from '@sessions/core/testing'
import { startRedis } from '@sessions/testkit'
import type { Redis } from 'ioredis'
import { redisStore } from '../src/index.js'
import { ioredis, patient } from './clients.js'

describeTransfers('transfers over redisStore', async () => {
  const server = await startRedis()
  const clients = [ioredis(server.url), ioredis(server.url)]
  const [store, peer] = clients.map((client) => redisStore(client, patient))
  return {
    store: store!,
    peer: peer!,
    dump: () => dump(clients[0]!),
    close: async () => {
      for (const client of clients) client.disconnect()
      await server.stop()
    },
  }
})

/** Every key, and what it holds. */
async function dump(client: Redis): Promise<string> {
  const found: unknown[] = []
  for (const key of await client.keys('*')) {
    found.push(key)
    const type = await client.type(key)
    if (type === 'string') found.push(await client.get(key))
    if (type === 'hash') found.push(await client.hgetall(key))
    if (type === 'list') found.push(await client.lrange(key, 0, -1))
    if (type === 'set') found.push(await client.smembers(key))
    if (type === 'zset') found.push(await client.zrange(key, 0, '-1'))
    if (type === 'stream') found.push(await client.xrange(key, '-', '+'))
  }
  return JSON.stringify(found)
}
