import { createSessions } from '@sessions/core'
import { startRedis, type RedisServer } from '@sessions/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisStore } from '../src/index.js'
import { ioredis, patient } from './clients.js'

const credentialSecrets = ['a secret that only these tests may know']
const anonymous = { tenantId: 'acme' }
let server: RedisServer
const clients: Redis[] = []

beforeAll(async () => {
  server = await startRedis()
  for (let index = 0; index < 4; index++) clients.push(ioredis(server.url))
})
afterAll(async () => {
  for (const client of clients) client.disconnect()
  await server.stop()
})

/** A service on a connection of its own. */
const serviceOn = (client: Redis) =>
  createSessions({ store: redisStore(client, patient), credentialSecrets }).for(anonymous)

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

describe.each(['move', 'share', 'copy'] as const)('transfers on Redis: %s', (mode) => {
  test('of 200 who redeem at once, over four connections, one gets it, and Redis knows no code', async () => {
    const services = clients.map(serviceOn)
    const source = await services[0]!.create({ state: { phase: 'checkout' } })
    const old = await source.credential()
    const { secret, shortCode } = await source.transfer({ mode })
    const settled = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) => services[index % 4]!.redeem({ secret })),
    )
    const won = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    const lost = settled.flatMap((each) =>
      each.status === 'rejected' ? [each.reason as { code: string }] : [],
    )
    expect(won).toMatchObject([{ status: 'redeemed' }])
    expect(new Set(lost.map(({ code }) => code))).toEqual(new Set(['not_found']))
    const [redemption] = won
    if (redemption?.status !== 'redeemed') return
    const opened = await services[1]!.findByCredential(redemption.credential)
    expect(await opened?.state.get()).toEqual({ phase: 'checkout' })
    expect((await services[2]!.findByCredential(old)) === undefined).toBe(mode === 'move')
    const everything = await dump(clients[0]!)
    for (const text of [source.id, 'checkout']) expect(everything).toContain(text)
    for (const text of [secret, shortCode, old, redemption.credential]) expect(everything).not.toContain(text)
  })

  test('a code that was tried too often waits, over all connections', async () => {
    const services = clients.map(serviceOn)
    const source = await services[0]!.create()
    const { shortCode } = await source.transfer({ mode })
    const caller = `caller of ${mode}`
    const tries = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) =>
        services[index % 4]!.redeem({ shortCode: `ZZZZZZ${index + 10}`, caller }),
      ),
    )
    const codes = tries.map((each) =>
      each.status === 'rejected' ? (each.reason as { code: string }).code : '',
    )
    expect(codes.filter((code) => code === 'not_found')).toHaveLength(5)
    expect(codes.filter((code) => code === 'limit_reached')).toHaveLength(35)
    await expect(services[3]!.redeem({ shortCode, caller })).rejects.toMatchObject({ code: 'limit_reached' })
  })
})
