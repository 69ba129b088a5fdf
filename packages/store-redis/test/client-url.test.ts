import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { createRedisClient } from '../src/client.js'

it.each([undefined, null, '', 5])(
  'a client for the URL %s is refused: nobody meant the server of this machine',
  (url) => {
    expect(() => createRedisClient(url as never)).toThrow(
      expect.objectContaining({
        code: 'invalid',
        path: 'url',
        message: expect.stringContaining('environment variable'),
      }),
    )
  },
)

it('a client whose options name the server needs no URL', () => {
  const named = [
    { host: 'redis.test' },
    { path: '/run/redis.sock' },
    { sentinels: [{ host: 'a.test' }], name: 'm' },
  ]
  for (const options of named) createRedisClient('', { ...options, lazyConnect: true }).disconnect()
  createRedisClient('redis://redis.test', { lazyConnect: true }).disconnect()
})

it.each([
  'http://redis.test',
  'postgres://user:secret@db.test/app',
  'https://x:secret@eu.upstash.io',
  'the redis server',
  'redis://user:secret@redis.test:99999',
  'redis://user:secret%@redis.test',
  'redis://user:secret/5@redis.test',
  'redis://user:secret@redis.test/sessions',
])('a client for %s is refused, and no password is told', (url) => {
  let refused: unknown
  try {
    createRedisClient(url, { lazyConnect: true })
  } catch (error) {
    refused = error
  }
  expect(refused).toMatchObject({ code: 'invalid', path: 'url' })
  expect(inspect(refused)).not.toContain('secret')
})

it.each([
  'redis://redis.test',
  'REDISS://redis.test:6380/1',
  '/run/redis.sock',
  'redis.test:6379',
  '//redis.test',
  '6380',
])('a client for %s is one of Redis', (url) => {
  createRedisClient(url, { lazyConnect: true }).disconnect()
})
