interface Entry {
  readonly key: number
  bytes: number
  at: number
  older: Entry | undefined
  newer: Entry | undefined
}

/** What a cache of some bytes holds when the least recently used entry goes first. */
export class Lru {
  readonly #maxBytes: number
  // The order is a chain: a map that loses its first keys all the time is slow to say which is first.
  readonly #entries = new Map<number, Entry>()
  #oldest: Entry | undefined
  #newest: Entry | undefined
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#entries.size
  }

  has(key: number): boolean {
    return this.#entries.has(key)
  }

  /** When the entry was put, and makes it the newest; undefined when it is not there. */
  use(key: number): number | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#unlink(entry)
    this.#link(entry)
    return entry.at
  }

  put(key: number, bytes: number, at: number): void {
    this.drop(key)
    const entry: Entry = { key, bytes, at, older: undefined, newer: undefined }
    this.#entries.set(key, entry)
    this.#link(entry)
    this.#bytes += bytes
    while (this.#bytes > this.#maxBytes && this.#oldest !== undefined) this.drop(this.#oldest.key)
  }

  drop(key: number): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#unlink(entry)
    this.#bytes -= entry.bytes
  }

  #link(entry: Entry): void {
    entry.older = this.#newest
    entry.newer = undefined
    if (this.#newest === undefined) this.#oldest = entry
    else this.#newest.newer = entry
    this.#newest = entry
  }

  #unlink({ older, newer }: Entry): void {
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
  }
}

/**
 * The share of accesses that such a cache answers, by Che's approximation: each entry stays for one time, and that time
 * is such that the cache is full.
 *
 * @param weights How often each key is asked for, in any unit.
 */
export function cheHitRate(
  weights: readonly number[],
  bytesOf: (key: number) => number,
  maxBytes: number,
): number {
  const sum = weights.reduce((all, weight) => all + weight, 0)
  const isThere = (weight: number, time: number) => -Math.expm1((-weight / sum) * time)
  const held = (time: number) =>
    weights.reduce((all, weight, key) => all + bytesOf(key) * isThere(weight, time), 0)
  let [low, high] = [0, 1]
  while (held(high) < maxBytes && high < 1e15) high *= 2
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (held(middle) < maxBytes) low = middle
    else high = middle
  }
  return weights.reduce((all, weight) => all + (weight / sum) * isThere(weight, low), 0)
}
