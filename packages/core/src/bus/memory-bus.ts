import type { SessionBus } from './session-bus.js'
import { Subscriptions } from './subscriptions.js'

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
  return {
    isUp: true,
    publish: (notices) => subscriptions.tell(notices),
    async subscribe(topics, listener) {
      subscriptions.add(topics, listener)
      return async () => subscriptions.remove(topics, listener)
    },
    async close() {
      subscriptions.clear()
    },
  }
}
