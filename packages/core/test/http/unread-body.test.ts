import { expect, it } from 'vitest'
import { apiFixture } from '../../src/testing.js'

const json = { authorization: 'Bearer acme/alice/admin', 'content-type': 'application/json' }

it.each<[string, string, number, Record<string, string>]>([
  ['says that it is too large', '/sessions', 413, { ...json, 'content-length': '9000000' }],
  ['turns out to be too large', '/sessions', 413, json],
  ['is compressed', '/sessions', 415, { ...json, 'content-encoding': 'gzip' }],
  [
    'is a compressed export',
    '/sessions/import',
    415,
    { ...json, 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
  ],
])('a body that %s is left, and not just unread', async (_, path, status, headers) => {
  let isLeft = false
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(700_000).fill(0x20)),
    cancel: () => {
      isLeft = true
    },
  })
  const init = { method: 'POST', headers, body, duplex: 'half' as const }
  const response = await apiFixture().handle(new Request(`https://api.test${path}`, init))
  expect(response.status).toBe(status)
  expect(isLeft).toBe(true)
})
