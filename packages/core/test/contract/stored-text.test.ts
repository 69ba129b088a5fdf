import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeText, encodeText } from '../../src/contract/stored-text.js'

const anyText = fc
  .array(fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 0x10, 0x1e, 0x1f, 0xd83d, 0xde00, 0x30)))
  .map((units) => String.fromCharCode(...units))

test('any text comes back, and is stored as what the database and a read can hold', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const stored = encodeText(text)
      expect(decodeText(stored)).toBe(text)
      expect(stored).not.toMatch(/[\u0000\u001e\u001f]|\p{Surrogate}/u)
    }),
  )
})

test('different texts stay different', () => {
  fc.assert(
    fc.property(anyText, anyText, (a, b) => {
      expect(encodeText(a) === encodeText(b)).toBe(a === b)
    }),
  )
})

test('JSON and emoji are stored as they are', () => {
  for (const text of ['{"a":"\\u0000"}', '😀 é e\u0301 \u2028', '']) expect(encodeText(text)).toBe(text)
})

test('an escape that is none is left as it is', () => {
  expect(decodeText('a\u0010b\u0010zz00')).toBe('a\u0010b\u0010zz00')
})
