import { pause } from './slices.js'

/** Does work for each item, begun in order, for so many at a time. Once the work for one fails, no other is begun. */
export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const rest = items.entries()
  let hasFailed = false
  const worker = async (): Promise<void> => {
    for (const [index, item] of rest) {
      await pause()
      if (hasFailed) return
      try {
        await work(item, index)
      } catch (error) {
        hasFailed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
}
