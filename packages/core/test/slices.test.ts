import { afterEach, expect, it, vi } from 'vitest'
import { inSlices, mapInSlices, pause } from '../src/slices.js'

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

it('lets the event loop go on in a chain of pieces that are short, each', async () => {
  const isDue = timer()
  for (let piece = 0; piece < 1000; piece++) await inSlices(short())
  expect(isDue()).toBe(true)
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
  const inTurns = [0]
  let isOver = false
  const turn = (): void => {
    inTurns.push(0)
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  // This turn is used up.
  await pause()
  Array.from({ length: 100 }, () => [...short()])
  await Promise.all(
    Array.from({ length: 500 }, async () => {
      await pause()
      inTurns[inTurns.length - 1]! += [...short()].length
    }),
  )
  isOver = true
  expect(inTurns.reduce((sum, count) => sum + count)).toBe(500)
  // A tenth of a millisecond each, at least.
  expect(Math.max(...inTurns)).toBeLessThan(100)
})

it.each([
  ['pauses', async () => void (await pause(), [...short()])],
  ['short work', async () => void (await inSlices(short()))],
])('lets it go on between thousands that one answer wakes: %s', async (_, work) => {
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
      await work()
      inTurns[inTurns.length - 1]!++
    }),
  )
  isOver = true
  expect(inTurns.reduce((sum, count) => sum + count)).toBe(1000)
  // A tenth of a millisecond each, at least: a turn, what goes over it, and those that wait for the next.
  expect(Math.max(...inTurns)).toBeLessThan(400)
})

it('makes nobody wait for work on nothing', async () => {
  await pause()
  Array.from({ length: 300 }, () => [...short()])
  expect(inSlices(short())).toBeInstanceOf(Promise)
  expect(mapInSlices([], () => 1)).toEqual([])
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
