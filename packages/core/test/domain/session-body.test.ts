import { describe, expect, it } from 'vitest'
import { decodeBody, encodeBody, newBody } from '../../src/domain/session-body.js'

describe('a body', () => {
  it('goes to the store and back', () => {
    const body = newBody({ state: { a: [], b: {} }, preferences: { x: 0.30000000000000004 } })
    expect(decodeBody(encodeBody(body, 1000))).toEqual(body)
  })

  it('keeps a field that a newer release added', () => {
    const text = JSON.stringify({ ...newBody(), novelty: { x: 1 } })
    expect(JSON.parse(encodeBody(decodeBody(text), 10_000))).toHaveProperty('novelty', { x: 1 })
  })

  it('is refused over the limit', () => {
    expect(() => encodeBody(newBody({ state: { x: 'y'.repeat(500) } }), 500)).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    )
  })

  it.each(['', 'no json', 'null', '[]', '{}', '{"v":2}', JSON.stringify({ ...newBody(), path: [] })])(
    'is corrupt when it cannot be read: %j',
    (text) => {
      expect(() => decodeBody(text)).toThrow(expect.objectContaining({ code: 'corrupt' }))
    },
  )
})
