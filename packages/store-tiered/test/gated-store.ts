import type { SessionStore } from '@sessions/core/store'
import { wrapStore } from '@sessions/core/testing'

/** A store whose calls are counted, and whose reads a test may hold back after they were answered. */
export function gatedStore(inner: SessionStore) {
  let gate: Promise<void> | undefined
  const calls: string[] = []
  const store = wrapStore(inner, async (method, call) => {
    calls.push(method)
    const own = method === 'read' ? gate : undefined
    if (own !== undefined) gate = undefined
    const answer = await call()
    await own
    return answer
  })
  return {
    store,
    /** What was called since this was asked last. */
    calls: () => calls.splice(0),
    /** Holds the answer to the next read back until the function is called that this returns. */
    hold() {
      let open = (): void => {}
      gate = new Promise((resolve) => (open = resolve))
      return () => open()
    },
  }
}
