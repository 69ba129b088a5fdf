import { describe, expect, it, vi } from 'vitest'
import { fromBase64Url, newId, parseId, toBase64Url } from '../src/ids.js'

describe('newId', () => {
  it('is 24 characters that never repeat', () => {
    const ids = new Set(Array.from({ length: 10_000 }, newId))
    expect(ids.size).toBe(10_000)
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{24}$/)
  })

  it('does not come from Math.random or the clock', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    vi.spyOn(Date, 'now').mockReturnValue(0)
    expect(newId()).not.toBe(newId())
    vi.restoreAllMocks()
  })
})

describe('parseId', () => {
  it.each(['a', 'support-123', 'é', '😀', 'a:*?[]{}%_ \'"', 'x'.repeat(200)])('accepts %j', (id) => {
    expect(parseId(id, 'id')).toBe(id)
  })

  it.each([undefined, null, 7, {}, '', 'x'.repeat(201), 'a\u0000b', 'a\nb', '\ud800'])('refuses %j', (id) => {
    expect(() => parseId(id, 'sessionId')).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'sessionId' }),
    )
  })
})

describe('base64url', () => {
  it('goes there and back', () => {
    for (let length = 0; length < 40; length++) {
      const bytes = crypto.getRandomValues(new Uint8Array(length))
      expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes)
    }
  })

  it('has one spelling: stray bits, padding and foreign characters are refused', () => {
    expect(fromBase64Url('AA')).toEqual(new Uint8Array([0]))
    for (const text of ['AB', 'AA==', 'A', 'A$$A', 'AA\n', 'A+', 'A/'])
      expect(fromBase64Url(text)).toBeUndefined()
  })
})
