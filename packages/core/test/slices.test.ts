import { afterEach, expect, it, vi } from 'vitest'
import { inSlices, pause, pauseAlone } from '../src/slices.js'

const now = performance.now.bind(performance)

afterEach(() => void vi.useRealTimers())

/** Work of two steps that takes a tenth of a millisecond. */
function* short(): Generator<void, number> {
  const end = now() + 0.1
  while (now() < end);
  yield
  return 1
}

function timer(): () => boolean {
  let isDue = false
  setTimeout(() => {
    isDue = true
  }, 0)
  return () => isDue
}

it('ends short work at once, without a promise', () => {
  // Another process may take a slice away.
  expect(Array.from({ length: 50 }, () => inSlices(short()))).toContain(1)
})

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

it('lets the event loop go on in a chain of pieces that are short, each', async () => {
  const { add, counts } = countInTurns()
  for (let piece = 0; piece < 1000; piece++) {
    await inSlices(short())
    add()
  }
  // A tenth of a millisecond each, at least.
  expect(Math.max(...counts())).toBeLessThan(300)
})

it('lets it go on in a loop that awaits what is there already', async () => {
  const isDue = timer()
  for (let piece = 0; piece < 1000; piece++) {
    await pause()
    await Promise.resolve([...short()])
  }
  expect(isDue()).toBe(true)
})

it('lets it go on between those that wait for the same turn', async () => {
  const { add, counts } = countInTurns()
  // This turn is used up.
  await pause()
  Array.from({ length: 100 }, () => [...short()])
  await Promise.all(
    Array.from({ length: 500 }, async () => {
      await pause()
      void [...short()]
      add()
    }),
  )
  const inTurns = counts()
  expect(inTurns.reduce((sum, count) => sum + count)).toBe(500)
  expect(Math.max(...inTurns)).toBeLessThan(100)
})

it('gives all work that waits its turns', async () => {
  const steps = [0, 0, 0]
  function* long(index: number): Generator<void, number[]> {
    for (let piece = 0; piece < 400; piece++) {
      yield* short()
      steps[index]!++
      yield
    }
    return [...steps]
  }
  const first = await Promise.race([0, 1, 2].map(async (index) => inSlices(long(index))))
  expect(Math.min(...first)).toBeGreaterThan(100)
})

it('lets it go on between thousands that one answer wakes, who all ask before any goes on', async () => {
  const inTurns = [0]
  let isOver = false
  const turn = (): void => {
    inTurns.push(0)
    if (!isOver) setImmediate(turn)
  }
  const answer = new Promise((resolve) => setTimeout(resolve, 1))
  setImmediate(turn)
  await Promise.all(
    Array.from({ length: 1000 }, async () => {
      await answer
      await pause()
      inTurns[inTurns.length - 1]! += [...short()].length
    }),
  )
  isOver = true
  expect(inTurns.reduce((sum, count) => sum + count)).toBe(1000)
  // A tenth of a millisecond each, at least, and so many go on before anybody knows.
  expect(Math.max(...inTurns)).toBeLessThan(400)
})

it.each([
  ['and awaits', pause],
  ['and awaits nothing else', pauseAlone],
])('counts a loop for one, however often it asks %s', async (_, ask) => {
  const waited = new Set<number>()
  for (let turns = 0; turns < 20; turns++) {
    await new Promise((resolve) => setTimeout(resolve, 2))
    let waits = 0
    for (let asked = 0; asked < 200; asked++) {
      const others = ask()
      if (others !== undefined) waits++
      if (ask === pause) await Promise.resolve()
    }
    waited.add(waits)
  }
  // Another process may take a turn away.
  expect(waited).toContain(0)
})

it('brings all work to its end that waits for the same turns', async () => {
  function* long(): Generator<void, number> {
    for (let piece = 0; piece < 100; piece++) {
      yield* short()
      yield
    }
    return 1
  }
  const all = Array.from({ length: 20 }, async () => inSlices(long()))
  expect(await Promise.all(all)).toEqual(Array(20).fill(1))
})

it.each([[undefined], [['setTimeout' as const]]])(
  'goes on while a test holds the clock (%o)',
  async (toFake) => {
    for (const advanceMs of [1, 100]) {
      vi.useFakeTimers(toFake === undefined ? {} : { toFake })
      for (let piece = 0; piece < 200; piece++) {
        await pause()
        await Promise.resolve([...short()])
      }
      await vi.advanceTimersByTimeAsync(advanceMs)
      expect(await inSlices(short())).toBe(1)
      vi.useRealTimers()
    }
  },
)
