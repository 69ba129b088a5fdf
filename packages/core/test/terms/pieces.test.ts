import { describe, expect, it } from 'vitest'
import { piecesOf } from '../../src/terms/pieces.js'
import { wordsOf } from '../../src/terms/words.js'

const lengthOfPiece = 50
const texts: readonly (readonly [string, string])[] = [
  ['words between spaces', 'some words between spaces, and more of them. '.repeat(9)],
  ['words between lines alone', Array.from({ length: 99 }, (_, index) => `word${index}`).join('\n')],
  ['a list without spaces', `of: ${Array.from({ length: 99 }, (_, index) => `word${index}`).join(',')}`],
  ['Chinese', '春夏秋冬東南西北天地玄黃宇宙洪荒日月盈昃'.repeat(9)],
  ['Chinese beyond the basic plane', '𠀀𠀁𠀂𠀃'.repeat(40)],
  ['Japanese and names in Latin', '東京タワーへiPhoneで行きます、ラーメンも'.repeat(9)],
  ['Thai', 'ฉันชอบกินข้าวผัดกุ้งที่ร้านอาหารใกล้บ้าน'.repeat(9)],
  ['words with apostrophes', "l'été d'aujourd'hui n'est pas l'hiver ".repeat(9)],
  ['letters with marks of their own', 'e\u0301te\u0301 nai\u0308ve '.repeat(30)],
  ['emoji', `${'👨‍👩‍👧'.repeat(30)} family`],
]

describe('pieces of a text', () => {
  it.each(texts)('have the words of %s, wherever they end', (_, text) => {
    for (let from = 0; from < lengthOfPiece; from++) {
      const shifted = 'x '.repeat(from) + text
      const pieces = [...piecesOf(shifted, lengthOfPiece)]
      expect(pieces.flatMap((piece) => wordsOf(piece))).toEqual(wordsOf(shifted))
      expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(lengthOfPiece)
    }
  })

  it('of a word that is longer than a piece are cut between its characters', () => {
    const pieces = [...piecesOf('x𝒳'.repeat(100), lengthOfPiece)]
    expect(pieces.join('')).toBe('x𝒳'.repeat(100))
    expect(pieces.filter((piece) => piece.startsWith('\udcb3'))).toEqual([])
  })

  it('of nothing there are none', () => {
    expect([...piecesOf('', lengthOfPiece)]).toEqual([])
  })
})
