import type { SessionStore } from '@sessions/core/store'
import { wrapStore } from '@sessions/core/testing'

/** A store whose reads a test may hold back after they were answered, and counts. */
export function gatedStore(inner: SessionStore) {
  let gate: Promise<void> | undefined
  const calls: string[] = []
  const store = wrapStore(inner, async (method, call) => {
    calls.push(method)
    const answer = await call()
    if (method === 'read') await gate
    return answer
  })
  return {
    store,
    /** What was called since this was asked last. */
    calls: () => calls.splice(0),
    /** Holds the answers of reads back until the function is called that this returns. */
    hold() {
      let open = (): void => {}
      gate = new Promise((resolve) => (open = resolve))
      return () => {
        gate = undefined
        open()
      }
    },
  }
}
