import { describe, expect, it } from 'vitest'
import { topTopics } from '../../src/domain/topics.js'

describe('topTopics', () => {
  it('counts words over messages, without punctuation, stop words or plural', () => {
    const texts = [
      'What smartphones do you have?',
      'A smartphone, with a good camera!',
      'Which camera is best? smartphone smartphone',
    ]
    expect(topTopics(texts)).toEqual([
      { word: 'smartphone', count: 3 },
      { word: 'camera', count: 2 },
      { word: 'best', count: 1 },
    ])
  })

  it('understands other scripts, and ignores numbers', () => {
    expect(topTopics(['Größe und Farbe', 'Größe: 12,5'])[0]).toEqual({ word: 'größe', count: 2 })
    expect(topTopics(['我想买手机', '手机多少钱'])[0]).toEqual({ word: '手机', count: 2 })
    expect(topTopics(['12 300 4.5'])).toEqual([])
    expect(topTopics([])).toEqual([])
  })
})
