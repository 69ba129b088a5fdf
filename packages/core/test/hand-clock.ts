import { vi } from 'vitest'

/** A clock that a test moves on by hand. */
export interface HandClock {
  /** How many timers wait for it. */
  readonly waiting: number
  /** How far the hand has moved, in milliseconds. */
  readonly movedMs: number
  /** Moves on, timer by timer; what each begins has the time that it takes. */
  advance(ms: number): Promise<void>
  /** Moves on from timer to timer, but to none that is further off than `mostMs`, until `end` has settled. */
  advanceTo(end: Promise<unknown>, mostMs: number): Promise<void>
}

/**
 * Long timers, from `leastMs` on, wait for the hand; `performance.now()` moves with it. Shorter timers run as ever: tests
 * of other files share the process, and some of their handles still look at something every few milliseconds. Ends with
 * `vi.restoreAllMocks()`.
 */
export function handClock(leastMs: number): HandClock {
  const begin = globalThis.setTimeout
  const end = globalThis.clearTimeout
  const now = performance.now.bind(performance)
  const timers = new Map<unknown, { at: number; run: () => void }>()
  let aheadMs = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now() + aheadMs)
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, ms = 0) => {
    if (ms < leastMs) return begin(run, ms)
    const handle = { unref: () => handle }
    timers.set(handle, { at: aheadMs + ms, run })
    return handle
  }) as never)
  vi.spyOn(globalThis, 'clearTimeout').mockImplementation((handle) => {
    if (!timers.delete(handle)) end(handle)
  })
  const runNext = (until: number): boolean => {
    const [next] = [...timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)
    if (next === undefined) return false
    const [handle, { at, run }] = next
    timers.delete(handle)
    aheadMs = at
    run()
    return true
  }
  return {
    get waiting() {
      return timers.size
    },
    get movedMs() {
      return aheadMs
    },
    async advance(ms) {
      const until = aheadMs + ms
      while (runNext(until)) {
        for (let round = 0; round < 200; round++) await new Promise((resolve) => setImmediate(resolve))
      }
      aheadMs = until
    },
    async advanceTo(end, mostMs) {
      const progress = { isOver: false }
      const over = () => void (progress.isOver = true)
      end.then(over, over)
      // What a timer began may take any time, and sets the next one at its end.
      while (!progress.isOver) {
        runNext(aheadMs + mostMs)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}
