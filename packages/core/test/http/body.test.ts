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
const inPieces = (
  pieces: Iterable<Uint8Array<ArrayBuffer>> | AsyncGenerator<Uint8Array<ArrayBuffer>, void>,
) => {
  const left = Symbol.iterator in pieces ? pieces[Symbol.iterator]() : pieces
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await left.next()
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
  let gone = 0
  const letGo = new FinalizationRegistry(() => void gone++)
  const text = new TextEncoder().encode(JSON.stringify({ title: 'x'.repeat(150), label: 'y'.repeat(150) }))
  async function* pieces() {
    for (const [at, byte] of text.entries()) {
      // All pieces but the last few are read, and the request goes on.
      if (at === text.length - 1)
        await expect.poll(() => (collect(), gone), { timeout: 10_000 }).toBeGreaterThan(at - 50)
      const piece = new Uint8Array([byte])
      letGo.register(piece, undefined)
      yield piece
    }
  }
  const made = await api.handle(inPieces(pieces()))
  const { session } = (await made.json()) as { session: object }
  expect([made.status, session]).toMatchObject([201, { title: 'x'.repeat(150), label: 'y'.repeat(150) }])
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

const put = async (state: string) => {
  const body = `{"state":${state}}`
  const made = await api.handle(inPieces([new TextEncoder().encode(body)]))
  const { session, ...problem } = (await made.json()) as { session?: { id: string }; detail?: string }
  if (session === undefined) return [made.status, problem.detail]
  const cookie = made.headers.get('set-cookie')!.split(';')[0]!
  const url = `https://api.test/sessions/${session.id}/state`
  const read = await api.handle(
    new Request(url, { headers: { cookie: `__Host-${cookie.replace('__Host-', '')}` } }),
  )
  return [made.status, JSON.stringify(((await read.json()) as { state: object }).state)]
}

it.each([
  '9007199254740993',
  '-9007199254740993',
  '1234567890123456789',
  '[1,-1234567890123456789]',
  '123456789012345678901234567890',
])('with a whole number that would become another one is refused: %s', async (number) => {
  expect(await put(`{"a":${number}}`)).toEqual([
    400,
    expect.stringMatching(/^The number \d+ would not be kept/),
  ])
})

it.each([
  ['9007199254740991'],
  ['9007199254740992'],
  ['-9007199254740992'],
  ['9223372036854775808', '9223372036854776000'],
  ['100000000000000000000'],
  ['1000000000000000000000', '1e+21'],
  ['123456789012345680000'],
  ['0.1234567890123456789', '0.12345678901234568'],
  ['1234567890123456789.5', '1234567890123456800'],
  ['1234567890123456789e2', '123456789012345680000'],
  ['"9007199254740993"'],
  ['"a9007199254740993"'],
])('keeps the number %s', async (number, kept = number) => {
  expect(await put(`{"a":${number}}`)).toEqual([201, `{"a":${kept}}`])
})
