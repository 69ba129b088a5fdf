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
])('a client for %s is refused, and no password is told', (url) => {
  expect(() => createRedisClient(url, { lazyConnect: true })).toThrow(
    expect.objectContaining({ code: 'invalid', path: 'url', message: expect.not.stringContaining('secret') }),
  )
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
