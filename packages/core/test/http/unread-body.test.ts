import { expect, it } from 'vitest'
import { apiFixture } from '../../src/testing.js'

const json = { authorization: 'Bearer acme/alice/admin', 'content-type': 'application/json' }
const lines = { ...json, 'content-type': 'application/x-ndjson' }

const refused: [string, string, number, Record<string, string>][] = [
  ['says that it is too large', '/sessions', 413, { ...json, 'content-length': '9000000' }],
  ['turns out to be too large', '/sessions', 413, json],
  ['is compressed', '/sessions', 415, { ...json, 'content-encoding': 'gzip' }],
  ['is a compressed export', '/sessions/import', 415, { ...lines, 'content-encoding': 'gzip' }],
  ['comes to no route', '/sessions/one/nowhere', 404, json],
  ['comes with a wrong method', '/sessions/one', 405, json],
  ['comes from a page of another site', '/sessions', 403, { origin: 'https://evil.test' }],
  ['nobody asks for', '/sessions/one/cancel', 404, json],
  ['is no export', '/sessions/import', 422, lines],
]

/** A body of so many pieces, and what becomes of it. */
function bodyOf(pieces: number): { body: ReadableStream<Uint8Array>; fate: Promise<string> } {
  let left = pieces
  let settle: (fate: string) => void = () => {}
  const fate = new Promise<string>((resolve) => (settle = resolve))
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) {
        controller.enqueue(new TextEncoder().encode('{\n'.repeat(350_000)))
        return
      }
      settle('read to its end')
      controller.close()
    },
    cancel: () => settle('cut off'),
  })
  return { body, fate }
}

const send = async (path: string, headers: Record<string, string>, body: ReadableStream) => {
  const init = { method: 'POST', headers, body, duplex: 'half' as const }
  return apiFixture().handle(new Request(`https://api.test${path}`, init))
}

// Many frameworks cut the connection of a body that is cancelled: their client would get no answer.
it.each(refused)('a body that %s is read away', async (_, path, status, headers) => {
  const { body, fate } = bodyOf(20)
  expect((await send(path, headers, body)).status).toBe(status)
  expect(await fate).toBe('read to its end')
})

it.each(refused)('a body that %s and has no end is cut off', async (_, path, status, headers) => {
  const { body, fate } = bodyOf(Number.POSITIVE_INFINITY)
  expect((await send(path, headers, body)).status).toBe(status)
  expect(await fate).toBe('cut off')
})
