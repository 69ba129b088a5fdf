import { describe, expect, it } from 'vitest'
import { periodsIn } from '../../src/context/dates.js'
import { stemOf } from '../../src/terms/stem.js'
import { speakerOf, termOf, wordsOf } from '../../src/terms/words.js'

describe('stemOf', () => {
  // From the paper and its sample vocabulary.
  it.each([
    ['caresses', 'caress'],
    ['ponies', 'poni'],
    ['cats', 'cat'],
    ['feed', 'feed'],
    ['agreed', 'agre'],
    ['plastered', 'plaster'],
    ['motoring', 'motor'],
    ['sing', 'sing'],
    ['conflated', 'conflat'],
    ['hopping', 'hop'],
    ['falling', 'fall'],
    ['filing', 'file'],
    ['happy', 'happi'],
    ['sky', 'sky'],
    ['relational', 'relat'],
    ['vietnamization', 'vietnam'],
    ['electrical', 'electr'],
    ['hopefulness', 'hope'],
    ['adoption', 'adopt'],
    ['controlling', 'control'],
    ['rate', 'rate'],
    ['yes', 'ye'],
  ])('%s is %s', (word, stem) => expect(stemOf(word)).toBe(stem))
})

describe('wordsOf and termOf', () => {
  it('takes words in any script, and pairs where there are no spaces', () => {
    expect(wordsOf("Don't stop, Zoë!")).toEqual(["don't", 'stop', 'zoë'])
    expect(wordsOf('買手機')).toEqual(['買手', '手機'])
    expect(wordsOf('안녕하세요 여러분')).toEqual(['안녕하세요', '여러분'])
  })

  it('drops what says nothing, and the owner from what is owned', () => {
    expect(termOf("don't")).toBeUndefined()
    expect(termOf("maria's")).toBe(termOf('maria'))
    expect(termOf('zoë')).toBe(termOf('zoe'))
  })
})

describe('speakerOf', () => {
  it('takes a name, and nothing that is none', () => {
    expect(speakerOf('Maria: hello')).toBe('Maria')
    expect(speakerOf('Dr. Ana Cruz: hello')).toBe('Dr. Ana Cruz')
    expect(speakerOf('https://example.com')).toBe('https')
    expect(speakerOf('at 10:30 we meet')).toBeUndefined()
    expect(speakerOf('I have one thing to say: no')).toBeUndefined()
  })
})

describe('periodsIn', () => {
  const day = (year: number, month: number, date: number) => {
    const from = Date.UTC(year, month - 1, date)
    return { from, to: from + 86_400_000 }
  }

  it.each(['on 2023-05-03', 'on 3 May, 2023', 'on the 3rd of May 2023', 'on May 3, 2023', 'on May 3rd'])(
    '%s',
    (text) => {
      expect(periodsIn(text, [2023])).toEqual([day(2023, 5, 3)])
    },
  )

  it('takes a month alone where it is one, in every year there is', () => {
    expect(periodsIn('What happened in March?', [2022, 2023])).toEqual([
      { from: Date.UTC(2022, 2, 1), to: Date.UTC(2022, 3, 1) },
      { from: Date.UTC(2023, 2, 1), to: Date.UTC(2023, 3, 1) },
    ])
    expect(periodsIn('You may march on', [2023])).toEqual([])
  })
})

describe('a word without its accents', () => {
  it.each([
    ['résumé', 'resume'],
    ['naïve', 'naive'],
    ['teléfonos', 'telefonos'],
    ['números', 'numeros'],
    ['fiancées', 'fiancees'],
    ['ＰＨＯＮＥＳ', 'phones'],
    ['أحمد', 'احمد'],
    ['آمال', 'امال'],
  ])('has the term that it has with them: %s', (written, typed) => {
    expect(termOf(written.toLowerCase())).toBe(termOf(typed))
  })
})

it('reads Katakana of half the width as that of full width', () => {
  expect(wordsOf('ｶﾞﾗｽのﾍﾟﾝｹｰｽ')).toEqual(wordsOf('ガラスのペンケース'))
})

it('keeps a term short whose letters stand for several', () => {
  expect(termOf('\ufdfa'.repeat(40))).toHaveLength(40)
})
