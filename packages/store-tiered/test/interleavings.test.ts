import { memoryBus, memoryStore, type SessionStore } from '@sessions/core'
import { wrapStore } from '@sessions/core/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { tieredStore } from '../src/index.js'

const ref = { tenantId: 'acme', id: 's' }
const hot = { maxBytes: 1024 * 1024 }
const old = 3_600_000

interface Step {
  readonly process: 0 | 1
  readonly call: 'commit' | 'amend' | 'read now' | 'read old'
}

const step: fc.Arbitrary<Step> = fc.record({
  process: fc.constantFrom<0 | 1>(0, 1),
  call: fc.constantFrom<Step['call']>('commit', 'amend', 'read now', 'read old', 'read old'),
})

/** Whatever the order in which calls and answers pass each other. */
function anyOrder(scheduler: fc.Scheduler, last: SessionStore): SessionStore {
  return wrapStore(last, async (_, call) => {
    await scheduler.schedule(Promise.resolve())
    const answer = await call()
    await scheduler.schedule(Promise.resolve())
    return answer
  })
}

it.each([true, false])('no read shows less than it must (with a bus: %s)', async (hasBus) => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(step, { minLength: 2, maxLength: 12 }),
      async (scheduler, steps) => {
        const last = memoryStore()
        await last.commit(ref, { revision: 0, messages: [{ id: 'm', payload: 'p' }] })
        const bus = memoryBus()
        const tiers = [0, 1].map(() =>
          tieredStore(anyOrder(scheduler, last), { hot, ...(hasBus ? { bus } : {}) }),
        )
        // What each process has seen of its own writes, and what all of them have.
        const own = [1, 1]
        let all = 1
        await Promise.all(
          steps
            .map(async ({ process, call }, index) => {
              const tier = tiers[process]!
              // Calls begin in any order, too.
              await scheduler.schedule(Promise.resolve())
              if (call === 'commit') {
                const { changes } = (await tier.commit(ref, { title: `t${index}` })).record
                own[process] = Math.max(own[process]!, changes)
                all = Math.max(all, changes)
              } else if (call === 'amend') {
                await tier.amend(ref, [{ seq: 1, payload: `p${index}` }])
              } else {
                // With a bus in the process others hear of a write before it settles.
                const least = call === 'read now' || hasBus ? all : own[process]!
                const maxAgeMs = call === 'read now' ? 0 : old
                const shown = (await tier.read(ref, { tail: 1, maxAgeMs }))!
                expect(shown.record.changes).toBeGreaterThanOrEqual(least)
              }
            })
            .concat(scheduler.waitIdle()),
        )
        const truth = await last.read(ref, { tail: 1 })
        for (const tier of tiers) {
          const reading = tier.read(ref, { tail: 1 })
          await scheduler.waitIdle()
          expect(await reading).toEqual(truth)
          if (!hasBus) continue
          const shown = tier.read(ref, { tail: 1, maxAgeMs: old })
          await scheduler.waitIdle()
          expect(await shown).toEqual(truth)
        }
      },
    ),
    { numRuns: 100 },
  )
})
