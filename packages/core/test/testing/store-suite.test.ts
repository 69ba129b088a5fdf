import { describe, expect, test } from 'vitest'
import { storeChapters } from '../../src/testing/store-suite.js'
import { failingCases } from './failing-cases.js'
import { broken, flaws } from './store-flaws.js'

describe('the store suite', () => {
  test('has no title twice', () => {
    const titles = storeChapters.flatMap(({ cases, title }) => cases.map((each) => `${title}: ${each.title}`))
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([])
  })

  test('has the chapters that wrong stores are allowed to fail in', () => {
    const unknown = Object.values(flaws)
      .flatMap(({ within }) => within)
      .filter((start) => storeChapters.filter(({ title }) => title.startsWith(start)).length !== 1)
    expect(unknown).toEqual([])
  })

  for (const [name, makeStore] of Object.entries(broken)) {
    test(`finds ${name}`, async () => {
      const { fails } = flaws[name as keyof typeof broken]
      const failed = await failingCases(makeStore, (title) => fails.includes(title))
      expect(failed.map(({ title }) => title).toSorted()).toEqual(fails.toSorted())
    })
  }
})
