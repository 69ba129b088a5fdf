import { expect, it } from 'vitest'
import { inBatches } from '../../src/service/in-batches.js'
import { pause } from '../../src/async/slices.js'

/** Holds the process for longer than a piece of work may. */
function hold(): void {
  const until = performance.now() + 20
  while (performance.now() < until);
}

it('has those that come meanwhile wait together, although the store answers at once', async () => {
  const batches: number[][] = []
  // Other work of this turn of the event loop has begun.
  await pause()
  await new Promise<void>((resolve) => {
    const add = inBatches<number>(10, async (jobs) => {
      batches.push([...jobs])
      hold()
      if (jobs.includes(4)) resolve()
    })
    const store = {}
    for (const job of [1, 2, 3]) add(store, 'place', job)
    setTimeout(() => add(store, 'place', 4), 0)
  })
  expect(batches).toEqual([[1], [2, 3, 4]])
})
