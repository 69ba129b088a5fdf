import { describe, expect, it } from 'vitest'
import { parseReturnTo } from '../../src/domain/return-to.js'

const origins = ['https://shop.example', 'http://localhost:3000']

const good: [given: string, taken: string][] = [
  ['/', '/'],
  ['/cart', '/cart'],
  ['/cart?step=2#pay', '/cart?step=2#pay'],
  ['/a/../cart', '/cart'],
  ['/sale/50%25', '/sale/50%25'],
  ['/caf%C3%A9', '/caf%C3%A9'],
  ['/search?q=https://shop.example', '/search?q=https://shop.example'],
  ['https://shop.example', 'https://shop.example/'],
  ['https://shop.example/cart', 'https://shop.example/cart'],
  ['https://shop.example?x=1', 'https://shop.example/?x=1'],
  ['http://localhost:3000/cart', 'http://localhost:3000/cart'],
]

const evil = [
  // Protocol-relative, and what browsers take for it.
  '//evil.example',
  '///evil.example',
  '////evil.example',
  '/\\evil.example',
  '\\/evil.example',
  '\\\\evil.example',
  '/\\/evil.example',
  '//\\evil.example',
  // Characters that parsers drop.
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r/evil.example',
  '/\r\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  '/ /evil.example',
  '\u0000//evil.example',
  '\u00a0//evil.example',
  '\u200b//evil.example',
  // Encoded, once and twice.
  '/%2Fevil.example',
  '/%2fevil.example',
  '/%5Cevil.example',
  '/%5c%5cevil.example',
  '/%252Fevil.example',
  '/%25252Fevil.example',
  '/%09/evil.example',
  '/%0d%0aLocation:%20https://evil.example',
  '/cart%00',
  '/%E0%A4%A',
  // What dots make of a path.
  '/.//evil.example',
  '/..//evil.example',
  '/a/..//evil.example',
  '/%2e%2e//evil.example',
  '/./\\evil.example',
  // Users and passwords that look like hosts.
  'https://shop.example@evil.example',
  'https://shop.example:pw@evil.example/',
  'https://user@shop.example/',
  'https://shop.example%40evil.example',
  '//shop.example@evil.example',
  // Origins that look alike.
  'https://evil.example',
  'https://shop.example.evil.example',
  'https://evilshop.example',
  'https://shop.example:8443/',
  'http://shop.example/',
  'https://shop.example.',
  'https://SHOP.example/',
  'https:shop.example',
  'https:/shop.example',
  'https:\\\\shop.example',
  'https://shop.example\\@evil.example',
  'https://shop.example%2eevil.example',
  'https://ѕhop.example',
  'https://shop。example',
  'https://[::1]/',
  'http://2130706433/',
  // Other schemes.
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'file:///etc/passwd',
  'ftp://shop.example/',
  'blob:https://shop.example/x',
  'about:blank',
  // Neither a path nor a URL.
  '',
  'cart',
  '?x=1',
  '#x',
  './cart',
  '../cart',
  `/${'a'.repeat(2000)}`,
]

describe('parseReturnTo', () => {
  it.each(good)('takes %j as %j', (given, taken) => {
    expect(parseReturnTo(given, origins)).toBe(taken)
    // What it takes it takes again, and no browser reads it as leading elsewhere.
    expect(parseReturnTo(taken, origins)).toBe(taken)
  })

  it('knows sixty payloads and more', () => {
    expect(evil.length).toBeGreaterThanOrEqual(60)
  })

  it.each(evil)('refuses %j', (given) => {
    expect(() => parseReturnTo(given, origins)).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'returnTo' }),
    )
  })

  it('refuses what is no text', () => {
    for (const given of [undefined, null, 1, {}, ['/cart']]) {
      expect(() => parseReturnTo(given, origins)).toThrow(expect.objectContaining({ code: 'invalid' }))
    }
  })
})
