import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type * as Slices from '../../src/async/slices.js'

// The clock of these tests: what a piece of work takes does not depend on the machine.
let clock: number
let slices: typeof Slices

beforeEach(async () => {
  clock = 0
  vi.resetModules()
  vi.stubGlobal('performance', { now: () => clock })
  slices = await import('../../src/async/slices.js')
  vi.unstubAllGlobals()
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** Work of two steps that takes a tenth of a millisecond. */
function* short(): Generator<void, number> {
  clock += 0.1
  yield
  return 1
}

function* long(onStep: () => void = () => {}): Generator<void, number> {
  for (let piece = 0; piece < 400; piece++) {
    yield* short()
    onStep()
    yield
  }
  return 1
}

const useUp = (): void => {
  clock += 10
}

/** Takes so long by the clock of the timers. */
function take(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

/** Counts in each turn of the event loop. */
function countInTurns(): { add: () => void; counts: () => number[] } {
  const all = [0]
  let isOver = false
  const turn = (): void => {
    all.push(0)
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  return {
    add: () => {
      all[all.length - 1]!++
    },
    counts: () => {
      isOver = true
      return all
    },
  }
}

it('ends short work at once, without a promise', () => {
  expect(slices.inSlices(short())).toBe(1)
})

it('ends it at once in a turn that others have used up, so that a write that nobody awaits is begun', () => {
  void slices.pause()
  useUp()
  expect(slices.inSlices(short())).toBe(1)
})

it('lets the event loop go on in a chain of pieces that are short, each', async () => {
  const { add, counts } = countInTurns()
  for (let piece = 0; piece < 1000; piece++) {
    await slices.inSlices(short())
    add()
  }
  expect(Math.max(...counts())).toBeLessThan(200)
})

it('lets it go on in a loop that awaits what is there already', async () => {
  const { add, counts } = countInTurns()
  for (let piece = 0; piece < 1000; piece++) {
    await slices.pause()
    await Promise.resolve([...short()])
    add()
  }
  expect(Math.max(...counts())).toBeLessThan(100)
})

it('lets it go on between those that wait for the same turn', async () => {
  const { add, counts } = countInTurns()
  await slices.pause()
  useUp()
  await Promise.all(
    Array.from({ length: 500 }, async () => {
      await slices.pause()
      void [...short()]
      add()
    }),
  )
  const inTurns = counts()
  expect(inTurns.reduce((sum, count) => sum + count)).toBe(500)
  expect(Math.max(...inTurns)).toBeLessThan(100)
})

it('lets it go on between thousands that one answer wakes, who all ask before any has gone on', async () => {
  const answer = new Promise((resolve) => setTimeout(resolve, 1))
  const { add, counts } = countInTurns()
  await Promise.all(
    Array.from({ length: 1000 }, async () => {
      await answer
      await slices.pause()
      void [...short()]
      add()
    }),
  )
  const inTurns = counts()
  expect(inTurns.reduce((sum, count) => sum + count)).toBe(1000)
  expect(Math.max(...inTurns)).toBeLessThan(200)
})

it('counts a loop for one, however often it asks', async () => {
  for (let asked = 0; asked < 200; asked++) {
    expect(slices.pause()).toBe(undefined)
    await Promise.resolve()
  }
  // One that awaits nothing else says so.
  for (let asked = 0; asked < 200; asked++) expect(slices.pauseAlone()).toBe(undefined)
})

it('gives all work that waits its turns', async () => {
  const steps = [0, 0, 0]
  const works = steps.map(async (_, index) => slices.inSlices(long(() => steps[index]!++)))
  await Promise.race(works)
  expect(Math.min(...steps)).toBeGreaterThan(50)
  expect(await Promise.all(works)).toEqual([1, 1, 1])
})

it('gives it time beside what comes anew in each turn, and uses it up', async () => {
  let turns = 0
  let isOver = false
  const turn = (): void => {
    void slices.pause()
    useUp()
    // All timers are due.
    take(3)
    if (++turns < 300 && !isOver) setImmediate(turn)
  }
  setImmediate(turn)
  await Promise.all(Array.from({ length: 5 }, async () => slices.inSlices(long())))
  isOver = true
  expect(turns).toBeLessThan(150)
})

it('brings all work to its end that waits for the same turns', async () => {
  const all = Array.from({ length: 20 }, async () => slices.inSlices(long()))
  expect(await Promise.all(all)).toEqual(Array(20).fill(1))
})

it.each([[undefined], [['setTimeout' as const]]])(
  'goes on while a test holds the clock (%o)',
  async (toFake) => {
    for (const advanceMs of [1, 100]) {
      vi.useFakeTimers(toFake === undefined ? {} : { toFake })
      for (let piece = 0; piece < 200; piece++) {
        await slices.pause()
        await Promise.resolve([...short()])
      }
      await vi.advanceTimersByTimeAsync(advanceMs)
      expect(await slices.inSlices(short())).toBe(1)
      vi.useRealTimers()
    }
  },
)

it('goes on when the timers of others are lost, as on Cloudflare those of a request that has ended', async () => {
  const real = setTimeout
  let areLost = false
  vi.stubGlobal('setTimeout', (act: () => void, ms: number) => (areLost ? undefined : real(act, ms)))
  vi.resetModules()
  const { inSlices, pause } = await import('../../src/async/slices.js')
  await pause()
  take(10)
  const other = pause()
  // It goes on, and ends before it has said that its turn is over.
  areLost = true
  await other
  take(10)
  areLost = false
  await Promise.all([pause(), pause(), inSlices(short())])
})
