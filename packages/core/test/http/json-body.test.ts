import { expect, it } from 'vitest'
import { toJsonBody } from '../../src/http/json-body.js'

const many = Array.from({ length: 100 }, (_, index) => ({ index, text: `"${index}"\u2028`, none: undefined }))

it.each<object>([
  {},
  [],
  { none: undefined, zero: 0, no: Number.NaN, nothing: null, text: 'a\n"b"\ud800', do: () => 1 },
  { many, deep: { many, list: [1, undefined, [undefined]] } },
  [...many, undefined, () => 1, [many], new Date(0)],
  { at: new Date(0), own: JSON.parse('{"__proto__":{"a":1}}') as object, '': [] },
])('writes what JSON.stringify writes: %#', async (value) => {
  expect(await toJsonBody(value)).toBe(JSON.stringify(value))
})

it.each([65_535, 65_536, 65_537, 200_000, 1_000_000])('writes a long text in pieces: %i', async (length) => {
  const value = { text: 'é'.repeat(length - 11), many: Array.from({ length }, (_, index) => index) }
  const body = await toJsonBody(value)
  expect(body).toBeInstanceOf(ReadableStream)
  expect(await new Response(body).text()).toBe(JSON.stringify(value))
})

it('gives a text that is exactly one piece long as it is', async () => {
  const value = { text: 'a'.repeat(65_536 - '{"text":""}'.length) }
  expect(await toJsonBody(value)).toBe(JSON.stringify(value))
})

it('writes no more of a long text than the client reads', async () => {
  let written = 0
  const many = Array.from({ length: 1000 }, () => ({
    get text() {
      written++
      return 'a'.repeat(1000)
    },
  }))
  const body = (await toJsonBody({ many })) as ReadableStream<Uint8Array>
  const reader = body.getReader()
  await reader.read()
  expect(written).toBeLessThan(200)
  await reader.cancel()
})
