import { describe, expect, test } from 'vitest'
import { failingCases } from './failing-cases.js'
import { broken, flaws } from './store-flaws.js'

describe('the store suite finds nothing else', () => {
  for (const [name, makeStore] of Object.entries(broken)) {
    test(`in ${name}`, async () => {
      const { fails, within } = flaws[name as keyof typeof broken]
      const allowed = ['random', ...within]
      const others = (await failingCases(makeStore)).filter(
        ({ chapter, title }) => !fails.includes(title) && !allowed.some((start) => chapter.startsWith(start)),
      )
      expect(others).toEqual([])
    })
  }
})
