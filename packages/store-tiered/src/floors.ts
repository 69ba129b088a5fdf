import { topicCount } from '@sessions/core/store'
import type { Entry } from './entry.js'

interface Floor {
  /** When it was learned, by `performance.now()`. */
  readonly at: number
  /** When it last learned of a change without a count: no copy that was read before is one. */
  readonly hardAt: number
  readonly incarnation: string | undefined
  readonly changes: number | undefined
}

/**
 * What this process knows of sessions that have changed, so that it takes no older copy of them from others: a copy of so
 * many changes, or one that was read after the process learned of them.
 */
export class Floors {
  readonly #keptMs: number
  readonly #most: number
  /** The oldest first. */
  readonly #floors = new Map<string, Floor>()
  readonly #topics = new Float64Array(topicCount).fill(-Infinity)
  #all = -Infinity

  /** @param keptMs how old a copy may be at most: for so long each floor is kept. */
  constructor(keptMs: number, most: number) {
    this.#keptMs = keptMs
    this.#most = most
  }

  raise(key: string, incarnation?: string, changes?: number): void {
    const now = performance.now()
    for (const [other, { at }] of this.#floors) {
      if (at > now - this.#keptMs) break
      this.#floors.delete(other)
    }
    const known = this.#floors.get(key)
    // A notice that comes late says less than is known.
    const isLess =
      known?.changes !== undefined &&
      known.incarnation === incarnation &&
      known.changes >= (changes ?? Infinity)
    if (isLess) return
    this.#floors.delete(key)
    // Of too many, it counts for all sessions that they have changed.
    if (this.#floors.size >= this.#most) this.#all = now
    else {
      const hardAt = changes === undefined ? now : (known?.hardAt ?? -Infinity)
      this.#floors.set(key, { at: now, hardAt, incarnation, changes })
    }
  }

  raiseTopics(topics: Iterable<number>): void {
    for (const topic of topics) this.#topics[topic] = performance.now()
  }

  /** Whether a copy shows what this process knows to have happened. */
  allows(key: string, topic: number, { checkedAt, record }: Entry): boolean {
    if (checkedAt < this.#all || checkedAt < this.#topics[topic]!) return false
    const floor = this.#floors.get(key)
    if (floor === undefined || checkedAt >= floor.at) return true
    return (
      checkedAt >= floor.hardAt &&
      floor.changes !== undefined &&
      floor.incarnation === record.incarnation &&
      record.changes >= floor.changes
    )
  }
}
