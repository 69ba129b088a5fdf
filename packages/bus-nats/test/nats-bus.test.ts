import { describe, expect, test } from 'vitest'
import { natsBus, type NatsConnection } from '../src/index.js'

async function* quiet(): AsyncGenerator<{ readonly type: string }> {}

const connection: NatsConnection = {
  isClosed: () => false,
  publish: () => {},
  subscribe: () => ({ unsubscribe: () => {} }),
  flush: async () => {},
  status: quiet,
}

describe('refuses', () => {
  test.each([undefined, null, {}, 'nats://localhost', { ...connection, flush: 1 }])(
    'what is no connection: %j',
    (given) => {
      expect(() => natsBus(given as never)).toThrow(
        expect.objectContaining({ code: 'invalid', path: 'connection' }),
      )
    },
  )

  test.each(['', 'a b', 'a.*', '>', 'a..b', '.a', 'a.', 7, null])(
    'a prefix that is no subject: %j',
    (prefix) => {
      expect(() => natsBus(connection, { prefix: prefix as never })).toThrow(
        expect.objectContaining({ code: 'invalid', path: 'prefix' }),
      )
    },
  )

  test('an option that it does not know', () => {
    expect(() => natsBus(connection, { prefx: 'a' } as never)).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'prefx' }),
    )
  })
})

test('nobody listens over a connection that is closed', async () => {
  const closed = { ...connection, isClosed: () => true, flush: () => Promise.reject(new Error('closed')) }
  const bus = natsBus(closed)
  expect(bus.isUp).toBe(false)
  await expect(bus.subscribe([1], { notices: () => {}, gap: () => {} })).rejects.toMatchObject({
    code: 'unavailable',
  })
  await bus.close()
})
