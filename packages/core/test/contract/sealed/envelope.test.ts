import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createSecretKey } from 'node:crypto'
import { deriveKey, joined, open, seal, sealBytes } from '../../../src/contract/sealed/envelope.js'
import { toBytes, toText } from '../../../src/contract/sealed/wtf8.js'
import { uglyTexts } from '../../../src/testing/ugly-texts.js'

const sealKey = deriveKey(createSecretKey(Buffer.alloc(32, 'key')), Buffer.from('info'))
const about = joined('a session')
const anyText = fc
  .array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7f0, max: 0xe010 })), { maxLength: 60 })
  .map((units) => String.fromCharCode(...units))

it('brings any text back, whose bytes are as many as its UTF-8 has', () => {
  for (const text of Object.values(uglyTexts)) expect(toText(toBytes(text))).toBe(text)
  fc.assert(
    fc.property(anyText, (text) => {
      expect(toBytes(text).length).toBe(Buffer.byteLength(text))
      expect(toText(toBytes(text))).toBe(text)
      const sealed = seal(sealKey, about, text)
      expect(sealed.length).toBe(Buffer.byteLength(text) + sealBytes)
      expect(open(sealKey, about, sealed)).toBe(text)
    }),
    { numRuns: 1000 },
  )
})

it('seals a text the same way each time, and 20,000 texts with as many nonces', () => {
  expect(seal(sealKey, about, 'one')).toEqual(seal(sealKey, about, 'one'))
  const nonces = Array.from({ length: 10_000 }, (_, n) => [
    seal(sealKey, about, `text ${n}`),
    seal(sealKey, joined(`session ${n}`), 'text'),
  ]).flat()
  expect(new Set(nonces.map((sealed) => sealed.subarray(0, 12).toString('hex'))).size).toBe(20_000)
})

it('opens nothing that has a shorter tag, another byte, another subject or another key', () => {
  const sealed = seal(sealKey, about, 'the text of a session')
  for (const cut of [1, 4, 8, 12, 16]) expect(open(sealKey, about, sealed.subarray(0, -cut))).toBeUndefined()
  for (const bytes of [0, 4, 11, 12, 27])
    expect(open(sealKey, about, sealed.subarray(0, bytes))).toBeUndefined()
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed[at]! ^= 1
    expect(open(sealKey, about, changed), `byte ${at}`).toBeUndefined()
  }
  expect(open(sealKey, joined('another'), sealed)).toBeUndefined()
  const other = deriveKey(createSecretKey(Buffer.alloc(32, 'key')), Buffer.from('other'))
  expect(open(other, about, sealed)).toBeUndefined()
})

it('joins no two lists to the same bytes', () => {
  const lists = [['a|b', 'c'], ['a', 'b|c'], ['a|b|c'], ['', 'a|b|c'], ['a|b|c', ''], ['a', '', 'b|c'], []]
  expect(new Set(lists.map((list) => joined(...list).toString('hex'))).size).toBe(lists.length)
})
