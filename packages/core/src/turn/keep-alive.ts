import type { LiveSession } from '../service/live-session.js'

const shortestMs = 10
// The longest time that a timer can wait.
const longestMs = 3_600_000

/**
 * Moves a session's deadline while a turn runs: a session with a waiting user is not idle.
 *
 * @returns A function that ends it.
 */
export function keepSessionAlive(live: LiveSession): () => void {
  const { idleMs } = live.lifetime
  if (!Number.isFinite(idleMs)) return () => {}
  const everyMs = Math.min(Math.max(idleMs / 3, shortestMs), longestMs)
  let isTouching = false
  const timer = setInterval(() => {
    // While the store answers slowly, no second call is sent.
    if (isTouching) return
    isTouching = true
    // An outage ends, or the end of the turn reports it.
    void live
      .touch()
      .catch(() => {})
      .finally(() => (isTouching = false))
  }, everyMs)
  return () => clearInterval(timer)
}
