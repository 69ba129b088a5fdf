import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { createSessionApi } from '../../src/http.js'
import { createSessions } from '../../src/index.js'

const maxBodyBytes = 50_000
const api = createSessionApi({
  sessions: createSessions(),
  identify: () => ({ tenantId: 'acme' }),
  maxBodyBytes,
})

/** A request whose body comes in these pieces. */
const inPieces = (pieces: Iterable<Uint8Array<ArrayBuffer>>) => {
  const left = pieces[Symbol.iterator]()
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const { done, value } = left.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
  })
  const headers = { 'content-type': 'application/json' }
  return new Request('https://api.test/sessions', { method: 'POST', headers, body, duplex: 'half' } as const)
}

it('takes as much memory as it has bytes, in however many pieces they come', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const inUse = (): number => {
    collect()
    return process.memoryUsage().arrayBuffers
  }
  const text = new TextEncoder().encode(JSON.stringify({ title: 'x'.repeat(150), label: 'y'.repeat(150) }))
  const before = inUse()
  let most = 0
  function* pieces() {
    // Each piece is a byte of a buffer that is as long as what a socket reads at once.
    for (const [at, byte] of text.entries()) {
      yield new Uint8Array(256 * 1024).fill(byte, 0, 1).subarray(0, 1)
      if (at % 100 === 0) most = Math.max(most, inUse() - before)
    }
  }
  const made = await api.handle(inPieces(pieces()))
  const { session } = (await made.json()) as { session: object }
  expect([made.status, session]).toMatchObject([201, { title: 'x'.repeat(150), label: 'y'.repeat(150) }])
  expect(most).toBeLessThan(10 * 1024 * 1024)
})

it('is read whole, whatever the lengths of its pieces, up to its limit and no byte further', async () => {
  const cut = function* (text: string, lengths: readonly number[]) {
    const bytes = new TextEncoder().encode(text)
    for (let from = 0, turn = 0; from < bytes.length; turn++) {
      const to = from + lengths[turn % lengths.length]!
      yield bytes.slice(from, to)
      from = to
    }
  }
  const label = 'é€😀'.repeat(20)
  const padded = (length: number) =>
    JSON.stringify({ label }).padEnd(length - new TextEncoder().encode(label).length + label.length)
  for (const lengths of [[1], [0, 3], [1, 5000, 2], [maxBodyBytes]]) {
    const whole = await api.handle(inPieces(cut(padded(maxBodyBytes), lengths)))
    expect([whole.status, await whole.json()], String(lengths)).toMatchObject([201, { session: { label } }])
    const longer = await api.handle(inPieces(cut(' '.repeat(maxBodyBytes + 1), lengths)))
    expect([longer.status, await longer.json()]).toMatchObject([413, { code: 'too_large', path: 'body' }])
  }
})
