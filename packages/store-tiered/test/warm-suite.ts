import { memoryStore } from '@sessions/core'
import type { SessionStore } from '@sessions/core/store'
import { storeChapters } from '@sessions/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TieredStore } from '../src/index.js'

const maxAgeMs = 3_600_000
// Nobody tells a cache of deadlines, so that it may show a session for a moment longer.
const timed = /deadline|lifetime|clock|expire|sweep|second/i

/**
 * The chapters of the store suite by two processes that read whatever may be old, without memory and without a bus: the
 * shared cache has to answer as the store would.
 */
export function describeWarmAnswers(
  name: string,
  chapters: RegExp,
  open: (last: SessionStore) => TieredStore,
): void {
  describe(name, () => {
    const tiers: TieredStore[] = []
    const stores = {} as { store: SessionStore; peer: SessionStore }
    beforeAll(() => {
      const last = memoryStore()
      const process = (): SessionStore => {
        const tiered = open(last)
        tiers.push(tiered)
        return {
          ...tiered,
          read: async (ref, options) => {
            // The second one comes after the copy that the first one may have left.
            await tiered.read(ref, { ...options, maxAgeMs }).catch(() => undefined)
            return tiered.read(ref, { ...options, maxAgeMs })
          },
        }
      }
      Object.assign(stores, { store: process(), peer: process() })
    })
    afterAll(() => Promise.all(tiers.map((tier) => tier.close())))
    for (const { title, cases } of storeChapters) {
      if (timed.test(title) || !chapters.test(title)) continue
      describe(title, () => {
        for (const each of cases) if (!timed.test(each.title)) test(each.title, () => each.run(stores))
      })
    }
    test('and it did', () => {
      for (const tier of tiers) expect(tier.stats()).toMatchObject({ warmFailures: 0, hits: 0 })
      expect(tiers.reduce((sum, tier) => sum + tier.stats().warmHits, 0)).toBeGreaterThan(10)
    })
  })
}
