import { bytesOf, type Entry } from './entry.js'

interface Kept {
  readonly entry: Entry
  readonly bytes: number
  readonly topic: number
  /** By `performance.now()`. */
  readonly usedAt: number
}

// As long as the service keeps what it has read: nobody tells a process without a bus of what was erased elsewhere.
const keptMs = 600_000

/** Sessions in memory, the least recently used first, within so many bytes; none that was out of use for ten minutes. */
export class HotTier {
  readonly #maxBytes: number
  readonly #kept = new Map<string, Kept>()
  bytes = 0
  evicted = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#kept.size
  }

  /** The entry, which counts as used. */
  use(key: string): Entry | undefined {
    const usedAt = this.#dropUnused()
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    this.#kept.delete(key)
    this.#kept.set(key, { ...kept, usedAt })
    return kept.entry
  }

  peek(key: string): Entry | undefined {
    return this.#kept.get(key)?.entry
  }

  put(key: string, topic: number, entry: Entry): void {
    this.drop(key)
    // What its keys take, beside the session.
    const weighed = bytesOf(entry)
    const bytes = weighed + 2 * key.length
    // One session must not push out all others.
    if (bytes > this.#maxBytes / 4) return
    this.#kept.set(key, { entry: { ...entry, weighed }, bytes, topic, usedAt: this.#dropUnused() })
    this.bytes += bytes
    for (const oldest of this.#kept.keys()) {
      if (this.bytes <= this.#maxBytes) break
      this.drop(oldest)
      this.evicted++
    }
  }

  drop(key: string): void {
    const kept = this.#kept.get(key)
    if (kept === undefined) return
    this.#kept.delete(key)
    this.bytes -= kept.bytes
  }

  dropTopics(topics: ReadonlySet<number>): void {
    for (const [key, { topic }] of this.#kept) if (topics.has(topic)) this.drop(key)
  }

  /** @returns The time now. */
  #dropUnused(): number {
    const now = performance.now()
    for (const [key, { usedAt }] of this.#kept) {
      if (now - usedAt <= keptMs) break
      this.drop(key)
    }
    return now
  }
}
