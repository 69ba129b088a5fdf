import { describe, expect, it } from 'vitest'
import { periodsIn } from '../../src/context/dates.js'
import { wellFormed, wellFormedJson, wellFormedMessage } from '../../src/context/well-formed.js'
import { log, text } from './histories.js'

/** The periods of a text: a day as `2024-03-05`, a month as `2024-03`. */
const periods = (said: string, years: readonly number[] = [2024]) =>
  periodsIn(said, years).map(({ from, to }) => {
    const day = new Date(from).toISOString().slice(0, 10)
    return to - from === 86_400_000 ? day : `${day.slice(0, 7)} of ${(to - from) / 86_400_000} days`
  })

describe('the days that a text names', () => {
  it.each<[string, string[]]>([
    ['on 2023-03-05 and 1999-12-31', ['2023-03-05', '1999-12-31']],
    ['in 2023-02', ['2023-02 of 28 days']],
    ['order 12023-03-05, or 2023-03-051', ['2023-03 of 31 days']],
    ['5 March 2022', ['2022-03-05']],
    ['the 1st of January, 2022', ['2022-01-01']],
    ['2nd feb', ['2024-02-02']],
    ['3rd apr., 22nd MAY', ['2024-04-03', '2024-05-22']],
    ['June 7th', ['2024-06-07']],
    ['jul 8, 2021', ['2021-07-08']],
    ['aug 9 and sept. 10', ['2024-08-09', '2024-09-10']],
    ['october 123', []],
    ['in november', ['2024-11 of 30 days']],
    ['since December 2020', ['2020-12 of 31 days']],
    [
      'of feb, during mar, last apr, this may, early jun',
      ['02 of 29', '03 of 31', '04 of 30', '05 of 31', '06 of 30'].map((each) => `2024-${each} days`),
    ],
    ['late jul, mid aug', ['2024-07 of 31 days', '2024-08 of 31 days']],
    ['you may come', []],
    ['12 monkeys', []],
    ['decide 3, market 5, 4 mayors, 2 marches, in junk, last decade', []],
    ['2024-13-05, 2024-00-05, 2024-05-32, 45 May, May 0', []],
    [
      '5 january, 6 april, june 7, july 8, august 9, september 10, oct. 11',
      ['01-05', '04-06', '06-07', '07-08', '08-09', '09-10', '10-11'].map((day) => `2024-${day}`),
    ],
    // What belongs to a day is no month.
    ['on March 5, so in march', ['2024-03-05']],
    ['March 5 and 5 march and 2024-03-05', ['2024-03-05']],
  ])('%s', (said, expected) => {
    expect(periods(said)).toEqual(expected)
  })

  it('are those of each year that may be meant, and no more than it is worth', () => {
    expect(periods('March 5', [2022, 2023])).toEqual(['2022-03-05', '2023-03-05'])
    expect(periods('March 5', [])).toEqual([])
    expect(periods('March 5, 2021', [2022, 2023])).toEqual(['2021-03-05'])
    const days = Array.from({ length: 28 }, (_, n) => n + 1)
    const many = ['2024-01', '2024-02', '2024-03'].flatMap((month) =>
      days.map((day) => `${month}-${String(day).padStart(2, '0')}`),
    )
    expect(periods(many.join(' '))).toEqual(many.slice(0, 64))
  })
})

describe('halves of signs', () => {
  const [high, low, bad] = ['\ud83d', '\ude00', '\ufffd']

  it('are replaced, and whole signs stay', () => {
    expect(wellFormed('plain 😀')).toBe('plain 😀')
    expect(wellFormed(`${high}a${low}${high}`)).toBe(`${bad}a${bad}${bad}`)
    expect(wellFormed(`${low}${high}`)).toBe(`${bad}${bad}`)
    expect(wellFormed(`${high}${high}${low}`)).toBe(`${bad}😀`)
  })

  it('are replaced wherever they are in JSON, and what has none is the same object', () => {
    const clean = { a: ['😀', 1, null, true], b: { c: '' } }
    expect(wellFormedJson(clean)).toBe(clean)
    expect(wellFormedJson({ a: [1, high], [`k${low}`]: { c: 'x' } })).toEqual({
      a: [1, bad],
      [`k${bad}`]: { c: 'x' },
    })
    const mixed = { dirty: high, kept: clean }
    expect((wellFormedJson(mixed) as typeof mixed).kept).toBe(clean)
    for (const plain of [null, 5, false]) expect(wellFormedJson(plain)).toBe(plain)
  })

  it('are replaced in a message and its name, once', () => {
    const [said, parts] = log(['user', `a${high}`], ['user', [text(`b${low}`)]])
    expect(wellFormedMessage(said!)).toEqual({ ...said, content: `a${bad}` })
    expect(wellFormedMessage({ ...said!, content: 'a', name: `n${high}` })).toMatchObject({
      content: 'a',
      name: `n${bad}`,
    })
    const made = wellFormedMessage(parts!)
    expect(made).toEqual({ ...parts, content: [text(`b${bad}`)] })
    expect(wellFormedMessage(parts!)).toBe(made)
    const named = { ...parts!, content: [text('b')], name: `n${high}` }
    expect(wellFormedMessage(named)).toEqual({ ...named, name: `n${bad}` })
    const clean = [
      { ...said!, content: 'a' },
      { ...said!, content: 'a', name: 'n' },
      { ...parts!, content: [text('😀')], name: 'n' },
    ]
    for (const one of clean) expect(wellFormedMessage(one)).toBe(one)
    expect(wellFormedMessage(said!)).not.toHaveProperty('name')
  })
})
