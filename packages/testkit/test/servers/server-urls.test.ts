import { afterEach, describe, expect, it, vi } from 'vitest'
import { queryPostgres } from '../../src/servers/postgres/postgres-query.js'
import { sendRedis } from '../../src/servers/redis/redis-command.js'
import { databaseUrl, redisUrl } from '../../src/servers/server-urls.js'

const endpointOf = (url: string): { host: string; port: number } => {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}

describe('the URL of any server', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it('is the one of the environment', async () => {
    vi.stubEnv('REDIS_URL', 'redis://elsewhere:1')
    vi.stubEnv('DATABASE_URL', 'postgres://elsewhere:2/db')
    expect([await redisUrl(), await databaseUrl()]).toEqual([
      'redis://elsewhere:1',
      'postgres://elsewhere:2/db',
    ])
  })

  it('is else that of a server started once', async () => {
    vi.stubEnv('REDIS_URL', '')
    vi.stubEnv('DATABASE_URL', undefined)
    const [redis, again, database] = await Promise.all([redisUrl(), redisUrl(), databaseUrl()])
    expect(again).toBe(redis)
    expect(await sendRedis(endpointOf(redis), ['PING'])).toBe('PONG')
    expect(await queryPostgres(endpointOf(database), 'select 1')).toEqual([['1']])
  })
})
