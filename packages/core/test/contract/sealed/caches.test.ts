import { createSecretKey } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ExpiringCache } from '../../../src/contract/sealed/expiring-cache.js'
import { mapMessages } from '../../../src/contract/sealed/map-messages.js'
import { OpenedPayloads } from '../../../src/contract/sealed/opened-payloads.js'
import { RecentTexts } from '../../../src/contract/sealed/recent-texts.js'
import { processClock } from '../../../src/time.js'
import { sealedTerms } from '../../../src/sealed.js'
import { key } from './sealed-stores.js'

afterEach(() => void vi.restoreAllMocks())

describe('values that are kept for a while', () => {
  it('are there until then, and at most so many: the one that was kept first goes first', () => {
    const begin = Math.ceil(performance.now())
    const clock = vi.spyOn(performance, 'now').mockReturnValue(begin)
    const from = processClock()
    const cache = new ExpiringCache<{ until: number; name: string }>(2)
    const namesOf = () => ['a', 'b', 'c', 'd'].filter((name) => cache.get(name)?.name === name)
    const keep = (name: string, ms: number) => cache.set(name, { name, until: from + ms })
    keep('a', 100)
    keep('b', 200)
    expect(namesOf()).toEqual(['a', 'b'])
    keep('c', 300)
    expect(namesOf()).toEqual(['b', 'c'])
    clock.mockReturnValue(begin + 199)
    expect(namesOf()).toEqual(['b', 'c'])
    clock.mockReturnValue(begin + 200)
    expect(namesOf()).toEqual(['c'])
    keep('d', 400)
    expect(namesOf()).toEqual(['c', 'd'])
    cache.delete('c')
    expect(namesOf()).toEqual(['d'])
  })

  it('make room as soon as they are over, and no sooner', () => {
    const begin = Math.ceil(performance.now())
    const clock = vi.spyOn(performance, 'now').mockReturnValue(begin)
    const from = processClock()
    const cache = new ExpiringCache<{ until: number }>(3)
    for (const name of ['a', 'b']) cache.set(name, { until: from + 100 })
    clock.mockReturnValue(begin + 100)
    cache.set('c', { until: from + 200 })
    // What is over is gone: the clock that goes back shows it.
    clock.mockReturnValue(begin)
    expect(['a', 'b', 'c'].map((name) => cache.get(name) !== undefined)).toEqual([false, false, true])
  })
})

describe('what was made of texts', () => {
  it('is made once, for 2,000 texts that are not long', () => {
    const texts = new RecentTexts()
    let made = 0
    const of = (text: string, result: string | undefined = 'x') => texts.of(text, () => (made++, result))
    const timesOf = (text: string, result?: string) => {
      const before = made
      expect(of(text, result)).toBe(result ?? 'x')
      of(text, result)
      return made - before
    }
    expect(timesOf('a')).toBe(1)
    expect(timesOf('a'.repeat(1000))).toBe(1)
    expect(timesOf('a'.repeat(1001))).toBe(2)
    expect(timesOf('b', 'y'.repeat(1000))).toBe(1)
    expect(timesOf('c', 'y'.repeat(1001))).toBe(2)
    expect(texts.of('none', () => undefined)).toBeUndefined()
    expect(timesOf('none')).toBe(1)
    made = 0
    for (let index = 0; index < 1996; index++) of(`t${index}`)
    of('a')
    expect(made).toBe(1996)
    of('one more')
    of('a')
    expect(made).toBe(1998)
  })
})

describe('payloads that were opened', () => {
  const by = { id: 'key', secret: createSecretKey(key('a')), until: 0 }
  const opened = (sealed: string, payload: string) => ({ by, sealed, payload })

  it('are found by place, key and text, until they are cleared', () => {
    const payloads = new OpenedPayloads()
    payloads.keep('1 a', opened('sealed', 'open'))
    expect(payloads.find('1 a', by, 'sealed')).toBe('open')
    expect(payloads.find('1 b', by, 'sealed')).toBeUndefined()
    expect(payloads.find('1 a', { ...by }, 'sealed')).toBeUndefined()
    expect(payloads.find('1 a', by, 'another')).toBeUndefined()
    payloads.keep('1 a', opened('another', 'later'))
    expect(payloads.find('1 a', by, 'another')).toBe('later')
    payloads.clear()
    expect(payloads.find('1 a', by, 'another')).toBeUndefined()
  })

  it('are 16 MiB at most, and none is long', () => {
    const payloads = new OpenedPayloads()
    const units = 64 * 1024
    const has = (place: string, sealed = 'x') => payloads.find(place, by, sealed) !== undefined
    const fitting = 'y'.repeat(units - 100 - 'long'.length - 1)
    payloads.keep('long', opened('x', fitting))
    expect(has('long')).toBe(true)
    payloads.keep('long', opened('x', `${fitting}y`))
    expect(has('long')).toBe(false)
    const placeOf = (index: number) => `p${String(index).padStart(3, '0')}`
    const keep = (index: number) => payloads.keep(placeOf(index), opened('x', fitting))
    for (let index = 0; index < 128; index++) keep(index)
    expect([has(placeOf(0)), has(placeOf(127))]).toEqual([true, true])
    // Again: it takes no more room.
    for (let index = 0; index < 128; index++) keep(index)
    expect([has(placeOf(0)), has(placeOf(127))]).toEqual([true, true])
    keep(128)
    expect([has(placeOf(0)), has(placeOf(1)), has(placeOf(128))]).toEqual([false, true, true])
    payloads.clear()
    for (let index = 0; index < 128; index++) keep(index)
    expect(has(placeOf(0))).toBe(true)
  })
})

it('makes of messages the same at once, where they are few and short, and in slices', async () => {
  const messages = (count: number, length: number) =>
    Array.from({ length: count }, () => ({ payload: 'x'.repeat(length) }))
  const lengthOf = ({ payload }: { payload: string }) => payload.length
  const few = mapMessages(messages(100, 1), lengthOf)
  expect(few).toEqual(Array.from({ length: 100 }, () => 1))
  expect(mapMessages(messages(1, 256 * 1024), lengthOf)).toEqual([256 * 1024])
  for (const [count, length] of [
    [101, 1],
    [1, 256 * 1024 + 1],
    [2, 128 * 1024 + 1],
  ] as const) {
    expect(await mapMessages(messages(count, length), lengthOf)).toEqual(
      Array.from({ length: count }, () => length),
    )
  }
})

it('seals terms the same way for a tenant, and another way for any other tenant, term or key', () => {
  const terms = sealedTerms(key('a'))
  const sealed = terms.seal('acme', 'boat')
  expect(sealed).toMatch(/^[\w-]{12}$/)
  expect(terms.seal('acme', 'boat')).toBe(sealed)
  expect(sealedTerms(key('a')).seal('acme', 'boat')).toBe(sealed)
  const others = [
    terms.seal('acme', 'boats'),
    terms.seal('acm', 'eboat'),
    terms.seal('globex', 'boat'),
    sealedTerms(key('b')).seal('acme', 'boat'),
  ]
  expect(new Set([sealed, ...others]).size).toBe(5)
  expect(terms.id).toMatch(/^[\w-]{12}$/)
  expect(sealedTerms(key('a')).id).toBe(terms.id)
  expect(sealedTerms(key('b')).id).not.toBe(terms.id)
  expect(() => sealedTerms(new Uint8Array(31))).toThrow(
    expect.objectContaining({ code: 'invalid', path: 'key' }),
  )
})
