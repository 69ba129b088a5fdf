import type { LiveSession } from '../service/live-session.js'

const shortestMs = 10
// What a timer can wait for.
const longestMs = 3_600_000

/**
 * Moves a session's deadline for as long as a turn goes on: somebody who waits for an answer is not idle.
 *
 * @returns Ends it.
 */
export function keepSessionAlive(live: LiveSession): () => void {
  const { idleMs } = live.service.ttl
  if (!Number.isFinite(idleMs)) return () => {}
  const everyMs = Math.min(Math.max(idleMs / 3, shortestMs), longestMs)
  let isTouching = false
  const timer = setInterval(() => {
    // A store that is slow is not asked twice at once.
    if (isTouching) return
    isTouching = true
    // What fails passes, or the end of the turn finds out.
    void live
      .touch()
      .catch(() => {})
      .finally(() => (isTouching = false))
  }, everyMs)
  return () => clearInterval(timer)
}
