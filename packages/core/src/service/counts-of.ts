import { createTallyCache, type TallyCache } from './tally-cache.js'
import type { Tallies } from './tallies.js'

// Of all sessions together.
const maxBytes = 16 * 1024 * 1024

/** What counts the messages of sessions. */
export function countsOf(tallies: Tallies): TallyCache {
  return (tallies.cache ??= createTallyCache(tallies.store, { maxBytes, keptMs: tallies.keptMs }))
}
