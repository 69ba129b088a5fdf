import { afterEach, describe, expect, it } from 'vitest'
import { sendRedis } from '../../src/servers/redis/redis-command.js'
import { startRedisReplicaPair, type RedisReplicaPair } from '../../src/servers/redis/redis-replica-pair.js'

let pair: RedisReplicaPair

describe('a Redis and its replica', () => {
  afterEach(() => pair.stop())

  it('have the same data, and only one takes writes', async () => {
    pair = await startRedisReplicaPair()
    await sendRedis(pair.primary, ['SET', 'k', 'v'])
    await pair.caughtUp()
    expect(await sendRedis(pair.replica, ['GET', 'k'])).toBe('v')
    await expect(sendRedis(pair.replica, ['SET', 'k', 'w'])).rejects.toThrow('READONLY')
  })

  it('change places when the replica is promoted', async () => {
    pair = await startRedisReplicaPair()
    await pair.promote()
    expect(await sendRedis(pair.replica, ['SET', 'k', 'v'])).toBe('OK')
    await expect(sendRedis(pair.primary, ['SET', 'k', 'w'])).rejects.toThrow('READONLY')
  })

  it('fail over when the primary has crashed', async () => {
    pair = await startRedisReplicaPair()
    await sendRedis(pair.primary, ['SET', 'k', 'v'])
    await pair.caughtUp()
    await pair.primary.kill()
    await pair.promote()
    expect(await sendRedis(pair.replica, ['GET', 'k'])).toBe('v')
    expect(await sendRedis(pair.replica, ['SET', 'k', 'w'])).toBe('OK')
  })
})
