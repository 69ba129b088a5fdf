import { describe, expect, it } from 'vitest'
import { honest, talk } from './small-talk.js'

// Says that something hangs: these are some thousand contexts.
describe('what was said first', { timeout: 300_000 }, () => {
  it.each([1000, 2000, 3000, 4000, 8000])(
    'is told at every check by an honest summarizer, within %d tokens',
    async (budget) => {
      expect(await talk(budget, { summarize: honest, compactAboveTokens: 1000 }, 'each turn', true)).toEqual(
        [],
      )
    },
  )

  it.each([2000, 8000])('is told at every check by excerpts, within %d tokens', async (budget) => {
    expect(await talk(budget, { compactAboveTokens: 1000 }, 'each turn', true)).toEqual([])
  })
})
