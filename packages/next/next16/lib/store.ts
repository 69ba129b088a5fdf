import { memoryStore, type SessionStore } from '@sessions/core'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'

const key: unique symbol = Symbol.for('test:store-calls') as never
const registry = globalThis as { [key]?: string[] }

/** What the store was asked, in this process; a test empties it. */
export const calls = (registry[key] ??= [])

/** Redis where there is one, and memory otherwise; it counts its calls. */
export async function openStore(keyPrefix: string): Promise<SessionStore> {
  const inner = process.env['REDIS_URL']
    ? await openRedis(process.env['REDIS_URL'], keyPrefix)
    : memoryStore()
  return new Proxy(inner, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...given: unknown[]): unknown => {
        calls.push(`${keyPrefix}.${String(name)}`)
        return Reflect.apply(method, target, given)
      }
    },
  })
}

/** Counts in Redis, for several processes count together. */
export async function openCounter(): Promise<((key: string) => Promise<number>) | undefined> {
  const url = process.env['REDIS_URL']
  if (!url) return undefined
  const client = await connect(url, 'counter')
  return (key) => client.incr(`asked:${key}`)
}

async function openRedis(url: string, keyPrefix: string): Promise<SessionStore> {
  return redisStore(await connect(url, keyPrefix), { keyPrefix })
}

async function connect(url: string, name: string) {
  const client = createRedisClient(url, { connectionName: `next-${name}`, lazyConnect: true })
  // Without a connection a command is refused at once.
  await client.connect()
  return client
}
