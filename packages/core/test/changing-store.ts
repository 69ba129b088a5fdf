import type { SessionStore } from '../src/index.js'
import { wrapStore } from '../src/testing.js'

export interface ChangingStore {
  readonly store: SessionStore
  /** The names of the calls made so far. */
  readonly calls: readonly string[]
}

/** A store to which something happens right after one of its calls, before the caller hears of that call. */
export function changingStore(
  inner: SessionStore,
  change: (call: number) => Promise<unknown> | undefined,
): ChangingStore {
  const calls: string[] = []
  const store = wrapStore(inner, async (method, make) => {
    const call = calls.push(method)
    try {
      return await make()
    } finally {
      await change(call)
    }
  })
  return { store, calls }
}
