import { startRedis, waitUntil, type RedisServer } from '@sessions/testkit'
import { Cluster } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisStore } from '../src/index.js'
import { commandsDuring } from './watch-commands.js'
import { ioredis, preset } from './clients.js'

const ref = { tenantId: 'acme', id: 'warned' }

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
    redisStore(createClient({ url: server.url }), { onWarning })
    expect(warnings).toHaveLength(3)
    for (const warning of warnings) expect(warning).toContain('command timeout')
    bare.disconnect()
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
