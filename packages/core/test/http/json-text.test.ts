import { expect, it } from 'vitest'
import { toJsonText } from '../../src/http/json-text.js'

const many = Array.from({ length: 100 }, (_, index) => ({ index, text: `"${index}"\u2028`, none: undefined }))

it.each<object>([
  {},
  [],
  { none: undefined, zero: 0, no: Number.NaN, nothing: null, text: 'a\n"b"\ud800', do: () => 1 },
  { many, deep: { many, list: [1, undefined, [undefined]] } },
  [...many, undefined, () => 1, [many], new Date(0)],
  { at: new Date(0), own: JSON.parse('{"__proto__":{"a":1}}') as object, '': [] },
])('writes what JSON.stringify writes: %#', async (value) => {
  expect(await toJsonText(value)).toBe(JSON.stringify(value))
})
