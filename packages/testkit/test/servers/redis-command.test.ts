import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRedis, type RedisServer } from '../../src/servers/redis/redis.js'
import { sendRedis } from '../../src/servers/redis/redis-command.js'

let redis: RedisServer

describe('sendRedis', () => {
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  it('reads every kind of reply', async () => {
    expect(await sendRedis(redis, ['SET', 'k', 'žluť\r\n'])).toBe('OK')
    expect(await sendRedis(redis, ['GET', 'k'])).toBe('žluť\r\n')
    expect(await sendRedis(redis, ['GET', 'none'])).toBeNull()
    expect(await sendRedis(redis, ['INCRBY', 'n', '-3'])).toBe(-3)
    const nested = "return { 1, { 'two', {} }, false }"
    expect(await sendRedis(redis, ['EVAL', nested, '0'])).toEqual([1, ['two', []], null])
    const long = 'x'.repeat(3_000_000)
    await sendRedis(redis, ['SET', 'long', long])
    expect(await sendRedis(redis, ['MGET', 'long', 'none'])).toEqual([long, null])
  })

  it('throws what Redis says', async () => {
    await expect(sendRedis(redis, ['INCR', 'k'])).rejects.toThrow('Redis says ERR value is not an integer')
  })
})
