import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { describeSessionStore } from '@sessions/core/testing'
import { fetchPackages, startRedis } from '@sessions/testkit'
import type * as upstash from '@upstash/redis'
import type * as ioredis from 'ioredis'
import type * as nodeRedis from 'redis'
import { redisStore } from '../src/index.js'
import { patient } from './clients.js'
import { startRestFront } from './rest-front.js'

// The lowest version that package.json allows of each client; the newest ones run in the other files.
const manifest = JSON.parse(readFileSync(resolve(import.meta.dirname, '../package.json'), 'utf8')) as {
  peerDependencies: Record<string, string>
}
const lowest = ['ioredis', 'redis', '@upstash/redis'].map(
  (name) => `${name}@${/\d+\.\d+\.\d+/.exec(manifest.peerDependencies[name]!)![0]}`,
)
const require = createRequire(
  join(
    await fetchPackages(`redis-clients-${lowest.join('-').replaceAll(/[^\w.-]/g, '')}`, lowest),
    'index.js',
  ),
)
const { Redis } = require('ioredis') as typeof ioredis
const { createClient } = require('redis') as typeof nodeRedis
const { Redis: Upstash } = require('@upstash/redis') as typeof upstash

describeSessionStore(lowest[0]!, async () => {
  const server = await startRedis()
  const clients = [new Redis(server.url), new Redis(server.url)] as const
  return {
    store: redisStore(clients[0], patient),
    peer: redisStore(clients[1], patient),
    async close() {
      for (const client of clients) client.disconnect()
      await server.stop()
    },
  }
})

describeSessionStore(lowest[1]!, async () => {
  const server = await startRedis()
  const open = async () => createClient({ url: server.url }).connect()
  const clients = [await open(), await open()] as const
  return {
    store: redisStore(clients[0], patient),
    peer: redisStore(clients[1], patient),
    async close() {
      for (const client of clients) client.destroy()
      await server.stop()
    },
  }
})

describeSessionStore(lowest[2]!, async () => {
  const server = await startRedis()
  const front = await startRestFront(server.url)
  const { url, token } = front
  const open = () => redisStore(new Upstash({ url, token, enableTelemetry: false, retry: false }), patient)
  return {
    store: open(),
    peer: open(),
    async close() {
      await front.stop()
      await server.stop()
    },
  }
})
