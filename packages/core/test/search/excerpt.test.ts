import { describe, expect, it } from 'vitest'
import type { SearchExcerpt } from '../../src/search.js'
import { excerptOf } from '../../src/search/excerpt.js'
import { searchWordsOf } from '../../src/search/terms.js'

/** The excerpt, and in how many steps it was made. */
function made(text: string, query: string): { excerpt: SearchExcerpt; steps: number } {
  const making = excerptOf(text, searchWordsOf(query))
  for (let steps = 1; ; steps++) {
    const { done, value } = making.next()
    if (done === true) return { excerpt: value, steps }
  }
}

const marked = ({ text, marks }: SearchExcerpt) => marks.map(([from, to]) => text.slice(from, to))

describe('an excerpt', () => {
  it('of a text without spaces is made in steps, and only of what is searched', () => {
    const before = 'ฉันชอบกินข้าวผัดกุ้ง'.repeat(3000)
    const { excerpt, steps } = made(`${before}龍魚${before.repeat(5)}`, '龍魚')
    expect(steps).toBeGreaterThan(10)
    expect(marked(excerpt)).toEqual(['龍魚'])
    expect(excerpt.text.length).toBeLessThan(220)
    const behind = made(`${before.repeat(5)}龍魚`, '龍魚')
    expect(behind.excerpt.marks).toEqual([])
    expect(behind.steps).toBeLessThan(20)
  })

  it('marks what stands where two steps meet', () => {
    for (let fill = 4080; fill < 4110; fill++) {
      const { excerpt } = made(`${'春'.repeat(fill)}魚龍${'秋'.repeat(300)}`, '魚龍')
      expect(marked(excerpt)).toEqual(['魚龍'])
    }
  })

  it('marks Katakana of half the width where it stands', () => {
    expect(marked(made('その ｶﾒﾗ と ﾃﾚﾋﾞ', 'カメラ').excerpt)).toEqual(['ｶﾒﾗ'])
    expect(marked(made('その カメラ と ﾃﾚﾋﾞ', 'テレビ').excerpt)).toEqual(['ﾃﾚﾋﾞ'])
    expect(marked(made('その テレビ', 'ﾃﾚﾋﾞ').excerpt)).toEqual(['テレビ'])
  })

  it('of a word as long as its text is no longer than another', () => {
    const { excerpt } = made(`key: iVBORw0KGgo${'aB3'.repeat(20_000)}`, 'iVBOR')
    expect(excerpt.text.length).toBeLessThan(300)
    expect(marked(excerpt)).toEqual([expect.stringMatching(/^iVBORw0KGgo/)])
  })
})
