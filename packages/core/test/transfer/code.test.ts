import { describe, expect, it, vi } from 'vitest'
import { isSameText } from '../../src/digest.js'
import {
  newMatchCode,
  newTransferSecret,
  parseShortCode,
  parseTransferSecret,
  shortCodeOf,
  toTransferUrl,
} from '../../src/transfer/code.js'

describe('secrets', () => {
  it('are 256 bits, each another, and canonical', () => {
    const secrets = Array.from({ length: 1000 }, newTransferSecret)
    expect(new Set(secrets).size).toBe(1000)
    for (const secret of secrets) {
      expect(secret).toMatch(/^[\w-]{43}$/)
      expect(parseTransferSecret(secret)).toBe(secret)
    }
    const [secret] = secrets
    for (const wrong of ['', 'x', secret!.slice(1), `${secret}A`, `${secret!.slice(0, 42)}=`, ` ${secret}`]) {
      expect(parseTransferSecret(wrong), wrong).toBeUndefined()
    }
    // The last of 43 characters has two bits to spare; only one spelling of them counts.
    expect(parseTransferSecret(`${secret!.slice(0, 42)}B`)).toBeUndefined()
  })

  it('stand in the fragment of a link, whatever the page', () => {
    const secret = newTransferSecret()
    const url = new URL(toTransferUrl('https://shop.example/continue?from=chat', secret))
    expect(url.hash).toBe(`#${secret}`)
    expect(`${url.pathname}${url.search}`).toBe('/continue?from=chat')
  })
})

describe('short codes', () => {
  it('follow from their secret, evenly over an alphabet that is not misread', async () => {
    const counts = new Map<string, number>()
    for (let index = 0; index < 4000; index++) {
      const code = await shortCodeOf(newTransferSecret())
      expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{8}$/)
      for (const char of code) counts.set(char, (counts.get(char) ?? 0) + 1)
    }
    expect(counts.size).toBe(32)
    // 32,000 characters, 1,000 of each expected; six standard deviations either way.
    for (const [char, count] of counts) expect(Math.abs(count - 1000), char).toBeLessThan(190)
    const secret = newTransferSecret()
    expect(await shortCodeOf(secret)).toBe(await shortCodeOf(secret))
  })

  it('are read as people type them', () => {
    expect(parseShortCode('abcd-efgh')).toBe('ABCDEFGH')
    expect(parseShortCode(' ab cd_ef.gh ')).toBe('ABCDEFGH')
    expect(parseShortCode('oOiIlL00')).toBe('00111100')
    // Four times as many characters as a code has are read, and no more.
    expect(parseShortCode(`${'-'.repeat(24)}ABCDEFGH`)).toBe('ABCDEFGH')
    expect(parseShortCode(`${'-'.repeat(25)}ABCDEFGH`)).toBeUndefined()
    for (const wrong of ['', 'ABCDEFG', 'ABCDEFGHJ', 'ABCDEFGU', 'ABCDEF!H', 'ÀBCDEFGH', 'A'.repeat(1e6)]) {
      expect(parseShortCode(wrong), wrong.slice(0, 20)).toBeUndefined()
    }
  })

  it('have two digits to compare', () => {
    const codes = new Set(Array.from({ length: 5000 }, newMatchCode))
    expect(codes.size).toBe(100)
    for (const code of codes) expect(code).toMatch(/^\d\d$/)
  })

  it('have each two digits as often as any others: bytes that would make some of them likelier are drawn again', () => {
    const bytes = [200, 255, 107, 199]
    vi.spyOn(crypto, 'getRandomValues').mockImplementation((into) => {
      ;(into as Uint8Array)[0] = bytes.shift()!
      return into
    })
    try {
      expect([newMatchCode(), newMatchCode(), bytes]).toEqual(['07', '99', []])
    } finally {
      vi.restoreAllMocks()
    }
  })
})

describe('isSameText', () => {
  it('compares all of it', () => {
    expect(isSameText('abc', 'abc')).toBe(true)
    for (const other of ['', 'ab', 'abcd', 'abd', 'xbc', 'abc\0']) {
      expect(isSameText('abc', other), other).toBe(false)
      expect(isSameText(other, 'abc'), other).toBe(false)
    }
    expect(isSameText('', '')).toBe(true)
  })
})
