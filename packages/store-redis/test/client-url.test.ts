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
