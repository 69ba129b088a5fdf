import { startRedis, waitUntil, type RedisServer } from '@sessions/testkit'
import { Cluster } from 'ioredis'
import { createClient } from 'redis'
import { createClient as createClient5 } from 'redis5'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createRedisClient } from '../src/client.js'
import { redisStore } from '../src/index.js'
import { commandsDuring } from './watch-commands.js'
import { ioredis, preset } from './clients.js'

const ref = { tenantId: 'acme', id: 'warned' }

// What an application passes where nothing is waited for: a function may throw, or be asynchronous and reject.
const failing: readonly (readonly [string, () => void])[] = [
  [
    'now',
    () => {
      throw new Error('now')
    },
  ],
  ['later', async () => Promise.reject(new Error('later'))],
]

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

describe('warns once', () => {
  test('of a server that throws sessions away', async () => {
    const client = ioredis(server.url)
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const warnings: string[] = []
    const store = redisStore(client, { onWarning: (message) => warnings.push(message) })
    await store.read(ref)
    await waitUntil(() => warnings.length > 0, { what: 'a warning' })
    const commands = await commandsDuring(server.url, async () => {
      for (let n = 0; n < 5; n++) await store.read(ref)
    })
    expect(commands).not.toContain('CONFIG')
    expect(warnings).toEqual([expect.stringContaining('allkeys-lru')])
    await client.config('SET', 'maxmemory-policy', 'noeviction')
    client.disconnect()
  })

  test('softly, of a server that will not say, after asking it in two ways', async () => {
    const admin = ioredis(server.url)
    const warnings: string[] = []
    const asUser = async (name: string, ...rules: string[]) => {
      await admin.call('ACL', ['SETUSER', name, 'on', '>secret', '~*', '+@all', ...rules])
      const client = ioredis(server.url, { username: name, password: 'secret', enableReadyCheck: false })
      const store = redisStore(client, { onWarning: (message) => warnings.push(message) })
      const commands = await commandsDuring(server.url, async () => {
        await store.read(ref)
        await waitUntil(() => warnings.length > 0 || rules.length === 1, { what: 'a warning' })
        // What it asks comes before what is asked after it.
        await client.ping()
      })
      client.disconnect()
      return commands
    }
    await asUser('infos', '-config')
    expect(warnings).toEqual([])
    await asUser('nothing', '-config', '-info')
    expect(warnings).toEqual([expect.stringContaining('maxmemory-policy')])
    admin.disconnect()
  })

  test('of a client without a command timeout, of each kind', () => {
    const warnings: string[] = []
    const onWarning = (message: string) => {
      warnings.push(message)
    }
    const bare = ioredis(server.url, { lazyConnect: true })
    delete (bare.options as { commandTimeout?: number }).commandTimeout
    redisStore(bare, { onWarning })
    redisStore(new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true }), { onWarning })
    redisStore(createClient5({ url: server.url }), { onWarning })
    expect(warnings).toHaveLength(3)
    for (const warning of warnings) {
      expect(warning).toContain('Set commandTimeout of ioredis, or commandOptions.timeout of node-redis')
    }
    bare.disconnect()
  })

  test('of a client that makes no new connection, of each kind', () => {
    const warnings: string[] = []
    const onWarning = (message: string) => {
      warnings.push(message)
    }
    const { url } = server
    const none = null as never
    const lazy = { lazyConnect: true, redisOptions: { commandTimeout: 5500 } }
    const given = [
      ioredis(url, { lazyConnect: true, retryStrategy: none }),
      new Cluster([{ host: '127.0.0.1', port: 1 }], { ...lazy, clusterRetryStrategy: none }),
      // Silence ends such a client for good, unless it is told how to go on.
      createClient({ url, socket: { socketTimeout: 3000 } }),
      createClient5({ url, socket: { socketTimeout: 3000 } }),
      createClient({ url, socket: { reconnectStrategy: false } }),
    ]
    for (const client of given) redisStore(client, { onWarning })
    expect(warnings).toEqual(given.map(() => expect.stringContaining('the client gives up')))
    const patient = [
      ioredis(url, { lazyConnect: true, retryStrategy: () => 100 }),
      new Cluster([{ host: '127.0.0.1', port: 1 }], lazy),
      createClient({ url, socket: { socketTimeout: 3000, reconnectStrategy: 100 } }),
      // Version 6 has a timeout by itself.
      createClient({ url }),
    ]
    for (const client of patient) redisStore(client, { onWarning })
    expect(warnings).toHaveLength(given.length)
  })
})

test('has nothing to say of the preset and a server as it should be', async () => {
  const client = preset(server)
  const warnings: string[] = []
  const store = redisStore(client, { onWarning: (message) => warnings.push(message) })
  await store.read(ref)
  await client.ping()
  expect(warnings).toEqual([])
  client.disconnect()
})

test.each(failing)(
  'an application that fails %s is warned, and neither a call nor the process ends',
  async (when, onWarning) => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => printed.mockRestore())
    const bare = ioredis(server.url)
    onTestFinished(() => bare.disconnect())
    delete (bare.options as { commandTimeout?: number }).commandTimeout
    await bare.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await redisStore(bare, { onWarning }).read(ref)
    await vi.waitFor(() =>
      expect(printed.mock.calls).toEqual([
        ['[sessions] onWarning failed:', new Error(when)],
        ['[sessions] onWarning failed:', new Error(when)],
      ]),
    )
    await bare.config('SET', 'maxmemory-policy', 'noeviction')
    const client = createRedisClient('redis://127.0.0.1:1', { onError: onWarning })
    onTestFinished(() => client.disconnect())
    await vi.waitFor(() =>
      expect(printed.mock.calls).toContainEqual(['[sessions] onError failed:', new Error(when)]),
    )
  },
)
