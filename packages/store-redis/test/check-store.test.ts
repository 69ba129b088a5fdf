import { readFile } from 'node:fs/promises'
import { checkStore } from '@sessions/core/store'
import { startRedis, startRedisSentinel, type RedisServer } from '@sessions/testkit'
import type { Redis } from 'ioredis'
import { createClient } from 'redis'
import { createClient as createClient5 } from 'redis5'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createRedisClient } from '../src/client.js'
import { redisStore, type RedisClient } from '../src/index.js'
import { ioredis } from './clients.js'

let server: RedisServer
let admin: Redis
let readmeRights: string[]

beforeAll(async () => {
  server = await startRedis({ args: ['--appendonly', 'yes'] })
  admin = ioredis(server.url)
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  readmeRights = /^ACL SETUSER app (.*)$/m.exec(readme)![1]!.split(' ')
})
afterAll(async () => {
  admin.disconnect()
  await server.stop()
})

function opened(url: string, options: Parameters<typeof ioredis>[1] = {}): Redis {
  const client = ioredis(url, options)
  onTestFinished(() => client.disconnect())
  return client
}

async function found(client: RedisClient, timeoutMs = 5000): Promise<string[]> {
  const findings = await checkStore(redisStore(client, { onWarning: () => {} }), { timeoutMs })
  return findings.map(({ level, code, message }) => `${level} ${code}: ${message}`)
}

async function foundAs(name: string, ...rights: string[]): Promise<string[]> {
  await admin.call('ACL', ['SETUSER', name, ...rights])
  return found(opened(server.url, { username: name, password: 'secret', enableReadyCheck: false }))
}

test('nothing is wrong with a client as the README has it, and nothing is changed', async () => {
  expect(await foundAs('app', ...readmeRights)).toEqual([])
  const node = createClient({ url: server.url, RESP: 3, commandOptions: { timeout: 10_000 } })
  node.on('error', () => {})
  await node.connect()
  onTestFinished(() => node.destroy())
  expect(await found(node)).toEqual([])
  expect(await admin.dbsize()).toBe(0)
})

describe('rights that are missing', () => {
  test('of commands', async () => {
    expect(await foundAs('few', ...readmeRights, '-lset', '-zadd', '-eval')).toEqual([
      'error rights: the user lacks rights: grant +lset +zadd +eval',
    ])
    expect(await foundAs('scriptless', ...readmeRights, '-evalsha')).toEqual([
      expect.stringMatching(/^error rights: .*'evalsha'/),
    ])
    expect(await foundAs('silent', ...readmeRights, '-info')).toEqual([
      expect.stringMatching(/^warning rights: .* grant \+info$/),
    ])
  })

  test('of keys', async () => {
    const one = readmeRights.map((right) => (right === '~sessions:*' ? '~sessions:{sessions:*' : right))
    expect(await foundAs('one-tenant', ...one)).toEqual([expect.stringMatching(/^error rights: .* keys/)])
  })

  test('of a user that the server does not know', async () => {
    const stranger = opened(server.url, { username: 'nobody', password: 'wrong' })
    expect(await found(stranger, 2000)).toEqual([
      'error store_failed: Redis refuses the name or the password of the user: WRONGPASS ' +
        '(WRONGPASS invalid username-password pair or user is disabled.)',
    ])
  })
})

test('a client of createRedisClient that is refused, which its calls are told of, too', async () => {
  const locked = await startRedis({ args: ['--requirepass', 'secret'] })
  const secretive = await startRedis({ args: ['--rename-command', 'INFO', ''] })
  onTestFinished(() => Promise.all([locked.stop(), secretive.stop()]).then(() => {}))
  const cases = [
    [locked.url, 'store_failed: Redis refuses the name or the password of the user: NOAUTH', 'NOAUTH'],
    [locked.url.replace('//', '//nobody:wrong@'), 'store_failed: Redis refuses the name or', 'WRONGPASS'],
    [secretive.url, "store_failed: this server does not know .* unknown command 'info", 'info'],
    ['redis://127.0.0.1:1', 'unavailable: .*ECONNREFUSED', 'ECONNREFUSED'],
  ] as const
  for (const [url, finding, cause] of cases) {
    const client = createRedisClient(url)
    onTestFinished(() => client.disconnect())
    expect(await found(client), url).toEqual([expect.stringMatching(new RegExp(`^error ${finding}`))])
    await expect(redisStore(client).read({ tenantId: 'acme', id: 'one' }), url).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: expect.stringContaining(cause) as string },
    })
  }
})

test('a reason that has passed is told by no later refusal', async () => {
  const node = await startRedis()
  onTestFinished(() => node.stop())
  await node.stop()
  const client = createRedisClient(node.url, { retryStrategy: () => 1000 })
  onTestFinished(() => client.disconnect())
  const ref = { tenantId: 'acme', id: 'one' }
  await expect(redisStore(client).read(ref)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  client.emit('ready')
  await expect(redisStore(client).read(ref)).rejects.toMatchObject({
    cause: { message: expect.stringContaining('writeable') as string },
  })
})

describe('a server that', () => {
  test('hides commands', async () => {
    const hidden = ['UNLINK', 'TIME'].flatMap((name) => ['--rename-command', name, ''])
    const odd = await startRedis({ args: hidden })
    const scriptless = await startRedis({ args: ['--rename-command', 'EVAL', ''] })
    onTestFinished(() => Promise.all([odd.stop(), scriptless.stop()]).then(() => {}))
    expect(await found(opened(odd.url))).toEqual([
      'error commands: the server does not have what the store needs: unlink time. Does its rename-command hide them?',
    ])
    expect(await found(opened(scriptless.url))).toEqual([
      expect.stringMatching(/^error commands: .* unknown command 'EVAL'$/),
    ])
    const store = redisStore(opened(odd.url), { onWarning: () => {} })
    await expect(store.commit({ tenantId: 'acme', id: 'one' }, { revision: 0 })).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining('does not know what the store needs') as string,
    })
  })

  test('throws sessions away, or keeps none through a restart', async () => {
    const careless = await startRedis({ args: ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru'] })
    onTestFinished(() => careless.stop())
    const client = createClient5({ url: careless.url, socket: { reconnectStrategy: false } })
    client.on('error', () => {})
    await client.connect()
    onTestFinished(() => client.destroy())
    expect(await found(client)).toEqual([
      expect.stringMatching(/^warning timeout: /),
      expect.stringMatching(/^warning reconnect: /),
      expect.stringMatching(/^warning persistence: .*append-only file/),
      expect.stringMatching(/^warning eviction: maxmemory-policy is allkeys-lru/),
    ])
  })

  test('is a replica, or a Sentinel', async () => {
    const sentinel = await startRedisSentinel(1)
    onTestFinished(() => sentinel.stop())
    const { servers, sentinels } = sentinel
    expect(await found(opened(servers[1]!.url))).toContainEqual(
      expect.stringMatching(/^error read_only: .*replica/),
    )
    const { host, port } = sentinels[0]!
    expect(await found(opened(`redis://${host}:${port}`))).toEqual([
      expect.stringMatching(/^error sentinel: .*`sentinels` and `name`/),
    ])
  })

  test('runs the endless script of somebody else', async () => {
    const busy = await startRedis({ args: ['--lua-time-limit', '10', '--appendonly', 'yes'] })
    const endless = opened(busy.url)
    onTestFinished(() => busy.kill())
    const client = opened(busy.url)
    await client.ping()
    endless.eval('while true do end', 0).catch(() => {})
    await expect.poll(() => client.ping().catch(String)).toMatch(/BUSY/)
    expect(await found(client)).toEqual([expect.stringMatching(/^error unavailable: .*BUSY/)])
    await client.call('SCRIPT', 'KILL')
    await expect.poll(() => client.ping()).toBe('PONG')
    expect(await found(client)).toEqual([])
  })

  test('is not there', async () => {
    expect(await found(opened('redis://127.0.0.1:1'), 300)).toEqual([
      expect.stringMatching(/^error unavailable: .*ECONNREFUSED/),
    ])
  })
})

test('a client that is closed', async () => {
  const client = opened(server.url)
  await client.quit()
  expect(await found(client)).toEqual([expect.stringMatching(/^error unavailable: .* is closed/)])
})
