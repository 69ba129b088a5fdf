import { memoryStore } from '@sessions/core'
import { wrapStore } from '@sessions/core/testing'
import { expect, it } from 'vitest'
import type { TieredStore } from '../src/index.js'
import { useWarm } from './warm-server.js'
import { describeWarmAnswers } from './warm-suite.js'

const warm = useWarm()
const old = 3_600_000

/** The same numbers each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

it('no read shows less than what was written before it began, by whichever process', async () => {
  const random = numbers(7)
  const inner = memoryStore()
  const last = wrapStore(inner, async (_, call) => {
    for (let turns = random(6); turns > 0; turns--) await turn()
    const answer = await call()
    for (let turns = random(6); turns > 0; turns--) await turn()
    return answer
  })
  const hot = { maxBytes: 1024 * 1024 }
  // Only who has no memory must show what others wrote, and each of them asks for one thing at a time: who joins a read
  // that is under way gets what it brings.
  const shared = [1, 2, 3].map(() => warm.open(last))
  const own = warm.open(last, { hot })
  const tiers = [...shared, own]
  let wrong = 0
  for (let round = 0; round < 30; round++) {
    const ref = { tenantId: 'acme', id: `round ${round}` }
    await inner.commit(ref, { revision: 0, messages: [{ id: 'm', payload: '0' }] })
    // The changes of the writes that have settled; what memory has may be older, but not than what its own process wrote.
    let all = 1
    let ofOwn = 1
    const lane = async (tier: TieredStore) => {
      for (let step = 0; step < 12; step++) {
        for (let turns = random(4); turns > 0; turns--) await turn()
        const call = random(6)
        if (call === 0) {
          const { record } = await tier.commit(ref, { title: `${round}.${step}` })
          all = Math.max(all, record.changes)
          if (tier === own) ofOwn = Math.max(ofOwn, record.changes)
        } else if (call === 1) {
          const before = (await inner.read(ref))!.record.changes
          await tier.amend(ref, [{ seq: 1, payload: `${round}.${step}` }])
          all = Math.max(all, before + 1)
          if (tier === own) ofOwn = Math.max(ofOwn, before + 1)
        } else {
          const least = tier === own ? ofOwn : all
          const shown = (await tier.read(ref, { tail: 1, maxAgeMs: old }))!
          if (shown.record.changes < least) wrong++
        }
      }
    }
    await Promise.all([...tiers, own].map(lane))
    const truth = await inner.read(ref, { tail: 1 })
    for (const tier of shared)
      for (let times = 0; times < 2; times++)
        expect(await tier.read(ref, { tail: 1, maxAgeMs: old })).toEqual(truth)
  }
  expect(wrong).toBe(0)
  expect(shared.reduce((sum, tier) => sum + tier.stats().warmHits, 0)).toBeGreaterThan(50)
  for (const tier of tiers) expect(tier.stats().warmFailures).toBe(0)
})

// All of it: tiered-store.wide.test.ts.
describeWarmAnswers(
  'the cache that processes share answers as the store does',
  /^(commit|amend|room)/,
  (last) => warm.open(last),
)
