import type { SessionBus } from './session-bus.js'
import { busClosed, Subscriptions } from './subscriptions.js'

/**
 * A bus within this process: for one process alone, and for tests. It tells of a change before `publish` returns.
 *
 * @example
 * ```ts
 * import { createSessions, memoryBus } from '@sessions/core'
 *
 * const sessions = createSessions({ bus: memoryBus() })
 * ```
 */
export function memoryBus(): SessionBus {
  const subscriptions = new Subscriptions()
  let isClosed = false
  return {
    get isUp() {
      return !isClosed
    },
    publish: (notices) => subscriptions.tell(notices),
    async subscribe(topics, listener) {
      if (isClosed) throw busClosed()
      subscriptions.add(topics, listener)
      return async () => subscriptions.remove(topics, listener)
    },
    async close() {
      if (isClosed) return
      isClosed = true
      // Nobody is told of anything from now on.
      subscriptions.gap()
      subscriptions.clear()
    },
  }
}
