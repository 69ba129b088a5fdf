import { describeTransfers } from '@sessions/core/testing'
import type { Redis } from 'ioredis'
import { openPair } from './clients.js'

// 200 at once are slow on a busy machine, and that is no outage.
const client = { commandTimeout: 240_000 }
const store = { readTimeoutMs: 240_000, writeTimeoutMs: 240_000 }

describeTransfers('transfers over redisStore', async () => {
  const pair = await openPair(client, store)
  return { ...pair, dump: () => dump(pair.client) }
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
