import { describe, expect, it } from 'vitest'
import { mergePatch, parseJson, parseJsonObject, toJson } from '../src/json.js'

describe('parseJson', () => {
  it.each<{ value: unknown }>(
    [
      null,
      true,
      0,
      -0.1,
      0.30000000000000004,
      9007199254740991,
      1e21,
      '',
      '\u0000 \ud800 \u2028 é e\u0301 😀',
      [],
      {},
      { a: [{ b: [] }] },
      { constructor: 'a word', prototype: 1, then: 2, toString: 3 },
    ].map((value) => ({ value })),
  )('gives back what JSON keeps as it is: $value', ({ value }) => {
    expect(parseJson(value, 'value')).toBe(value)
  })

  it.each([
    ['undefined', undefined, 'value'],
    ['undefined in an array', { a: [undefined] }, 'value.a[0]'],
    ['NaN', { a: [1, Number.NaN] }, 'value.a[1]'],
    ['a Date', { seen: new Date(0) }, 'value.seen'],
    ['a Map', new Map(), 'value'],
    ['a bigint', { n: 1n }, 'value.n'],
    ['a function', { f: () => 1 }, 'value.f'],
    ['__proto__', JSON.parse('{"a":{"__proto__":{"admin":true}}}'), 'value.a.__proto__'],
    ['constructor.prototype', JSON.parse('{"constructor":{"prototype":{}}}'), 'value.constructor'],
  ])('refuses %s and says where', (_, value, path) => {
    expect(() => parseJson(value, 'value')).toThrow(expect.objectContaining({ code: 'invalid', path }))
  })

  it('leaves out what is undefined, as JSON does, and leaves the value as it was', () => {
    const value = { a: undefined, b: { c: [{ d: undefined, e: 1 }] } }
    expect(Object.keys(parseJson(value, 'value') as object)).toEqual(['b'])
    expect(JSON.stringify(parseJson(value, 'value'))).toBe(JSON.stringify(value))
    expect('a' in value).toBe(true)
  })

  it('accepts 32 levels and refuses 33, at any depth without running out of stack', () => {
    const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
    expect(() => parseJson(nested(32), 'value')).not.toThrow()
    expect(() => parseJson(nested(33), 'value')).toThrow(expect.objectContaining({ code: 'invalid' }))
    expect(() => parseJson(nested(100_000), 'value')).toThrow(expect.objectContaining({ code: 'invalid' }))
  })

  it('refuses a cycle as too deep', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    expect(() => parseJson(cycle, 'value')).toThrow(expect.objectContaining({ code: 'invalid' }))
  })

  it('counts keys and items', () => {
    expect(() =>
      parseJson(
        Array.from({ length: 10_001 }, () => 0),
        'value',
      ),
    ).toThrow(expect.objectContaining({ code: 'too_large', path: 'value' }))
  })

  it('takes only an object where one is asked for', () => {
    expect(() => parseJsonObject([], 'state')).toThrow(expect.objectContaining({ path: 'state' }))
    expect(parseJsonObject({ a: 1 }, 'state')).toEqual({ a: 1 })
  })
})

describe('toJson', () => {
  it.each([
    [{ a: undefined, b: [undefined, () => 1] }, { b: [null, null] }],
    [
      { at: new Date(0), no: Number.NaN, big: 12n },
      { at: '1970-01-01T00:00:00.000Z', no: null, big: '12' },
    ],
    [new Map([['a', new Set([1])]]), { a: [1] }],
    [
      { bytes: new Uint8Array([1, 2]), where: new URL('https://a.test/') },
      { bytes: 'AQI=', where: 'https://a.test/' },
    ],
    [{ failed: new Error('no') }, { failed: 'no' }],
    [JSON.parse('{"a":1,"__proto__":{"admin":true}}'), { a: 1 }],
    [undefined, null],
  ])('makes JSON of %o', (value, expected) => {
    expect(toJson(value, 'value')).toEqual(expected)
  })

  it('leaves out what lies in itself, and what lies too deep', () => {
    const cycle: { name: string; self?: unknown } = { name: 'a' }
    cycle.self = cycle
    expect(toJson(cycle, 'value')).toEqual({ name: 'a' })
    expect(JSON.stringify(toJson(JSON.parse('['.repeat(1000) + ']'.repeat(1000)), 'value'))).toContain('null')
  })

  it('refuses what would hold the event loop', () => {
    const wide = { rows: Array.from({ length: 200_001 }, () => 0) }
    expect(() => toJson(wide, 'output')).toThrow(
      expect.objectContaining({ code: 'too_large', path: 'output' }),
    )
  })
})

describe('mergePatch', () => {
  // The table of RFC 7396, as far as both sides are objects.
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (target, patch, expected) => {
    const before = structuredClone(target)
    expect(mergePatch(target, patch)).toEqual(expected)
    expect(target).toEqual(before)
  })

  it('does not take an inherited member for a value to merge into', () => {
    expect(mergePatch({}, { toString: { a: 1 } })).toEqual({ toString: { a: 1 } })
  })
})
