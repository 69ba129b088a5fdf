import type { SessionStore } from '../contract/session-store.js'

// A look at so few slots costs less than to remember what it found.
const fewSlots = 1000
// Looks at a full register take at most a tenth of the time.
const restPerLook = 9
const shortestRestMs = 1000
const longestRestMs = 30_000
const mostRemembered = 1000

const restingUntil = new WeakMap<SessionStore, Map<string, number>>()

/** Takes note that a look found no free slot among so many; it took since `began`, by `performance.now()`. */
export function foundFull(store: SessionStore, place: string, slots: number, began: number): void {
  if (slots <= fewSlots) return
  const now = performance.now()
  const places = restingUntil.get(store) ?? new Map<string, number>()
  if (places.size >= mostRemembered) places.clear()
  places.set(place, now + Math.min(Math.max((now - began) * restPerLook, shortestRestMs), longestRestMs))
  restingUntil.set(store, places)
}

/** Whether a large register was found full so lately that nobody looks again. */
export function wasFull(store: SessionStore, place: string): boolean {
  return (restingUntil.get(store)?.get(place) ?? 0) > performance.now()
}
