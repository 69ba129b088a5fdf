import { vi } from 'vitest'

/**
 * Counts the intervals that one file of the source has set and not cleared. Test files of one process share its timers,
 * so the count of all timers would also count what an earlier file has left.
 */
export function intervalsOf(file: string): () => number {
  const set = globalThis.setInterval
  const clear = globalThis.clearInterval
  const kept = new Set<unknown>()
  vi.spyOn(globalThis, 'setInterval').mockImplementation((...given) => {
    const timer = set(...given)
    if (new Error().stack?.includes(`/${file}`) === true) kept.add(timer)
    return timer
  })
  vi.spyOn(globalThis, 'clearInterval').mockImplementation((timer) => {
    kept.delete(timer)
    clear(timer)
  })
  return () => kept.size
}
