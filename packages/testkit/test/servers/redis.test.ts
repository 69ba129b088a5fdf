import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAlive } from '../../src/process/process-table.js'
import { startRedis, type RedisServer } from '../../src/servers/redis/redis.js'
import { sendRedis } from '../../src/servers/redis/redis-command.js'

let redis: RedisServer

const ask = (...command: string[]): Promise<unknown> => sendRedis(redis, command)

describe('a Redis', () => {
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  it('answers', async () => {
    expect(await ask('PING')).toBe('PONG')
    expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`)
  })

  it('runs beside others, with arguments of its own', async () => {
    const others = await Promise.all([startRedis(), startRedis({ args: ['--maxmemory', '10mb'] })])
    const limits = await Promise.all(others.map((other) => sendRedis(other, ['CONFIG', 'GET', 'maxmemory'])))
    expect(limits).toEqual([
      ['maxmemory', '0'],
      ['maxmemory', '10485760'],
    ])
    await Promise.all(others.map((other) => other.stop()))
    expect(others.some(({ pid }) => isAlive(pid))).toBe(false)
  })

  it('keeps what it acknowledged over kill and restart, on the same port', async () => {
    await ask('SET', 'kept', 'yes')
    const { pid, port } = redis
    await redis.kill()
    expect(isAlive(pid)).toBe(false)
    await expect(ask('PING')).rejects.toThrow('ECONNREFUSED')
    await redis.restart()
    expect(redis.port).toBe(port)
    expect(await ask('GET', 'kept')).toBe('yes')
  })

  it('forgets when told not to keep a log', async () => {
    const forgetful = await startRedis({ args: ['--appendonly', 'no'] })
    await sendRedis(forgetful, ['SET', 'kept', 'no'])
    await forgetful.restart()
    expect(await sendRedis(forgetful, ['GET', 'kept'])).toBeNull()
    await forgetful.stop()
  })

  it('hangs while it is paused and goes on when resumed', async () => {
    await redis.pause()
    let answered = false
    const set = ask('SET', 'late', 'yes').finally(() => (answered = true))
    // Nothing to poll for: that nothing happens takes a while to see.
    await sleep(300)
    expect(answered).toBe(false)
    await redis.resume()
    expect(await set).toBe('OK')
  })
})
