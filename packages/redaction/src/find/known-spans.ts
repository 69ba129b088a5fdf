import { markBegin } from '../text/marked-text.js'

// A prime, by which a unit counts more with every unit behind it.
const factor = 31
// UTF-16 units that a part has at most.
const longest = 64
const powers = new Int32Array(longest + 1).fill(1)
for (let power = 1; power <= longest; power++) powers[power] = Math.imul(powers[power - 1]!, factor)
// A power of two.
const places = 8192

/**
 * What is known of parts of a text, wherever in it the same units stand again. What was said lately is known: an answer
 * that is used again, or a new one, takes the place of one with the same hash.
 */
export class KnownSpans {
  readonly #units: Uint16Array
  /** The hash of what is known at each place. */
  readonly #known = new Int32Array(places)
  readonly #starts = new Int32Array(places)
  /** 0 where nothing is known. */
  readonly #lengths = new Uint8Array(places)
  readonly #values = new Uint8Array(places)
  // Of the text from `#from` up to each place: the difference of two is the hash of what stands between them.
  #hashes = new Int32Array(0)
  #from = 0
  // Up to `#sameTo` the text is the same as what stands `#distance` units before. In a text that repeats itself, nothing
  // is compared twice.
  #distance = 0
  #sameTo = 0

  constructor(units: Uint16Array) {
    this.#units = units
  }

  /** Prepares for parts that begin from one place up to another, in order: only these may be asked for until the next call. */
  open(from: number, to: number): void {
    const length = Math.min(to + longest, this.#units.length) - from
    if (this.#hashes.length <= length) this.#hashes = new Int32Array(length + 1)
    addHashes(this.#hashes, this.#units, from, length)
    this.#from = from
    this.#sameTo = from
  }

  get(start: number, end: number): number | undefined {
    const hash = this.#hashOf(start, end)
    const place = hash & (places - 1)
    if (this.#known[place] !== hash || !this.#isSame(place, start)) return undefined
    this.#starts[place] = start
    return this.#values[place]
  }

  /** @param decided Up to where the units decide on the value. */
  set(start: number, end: number, value: number, decided: number): void {
    const hash = this.#hashOf(start, end)
    const place = hash & (places - 1)
    this.#known[place] = hash
    this.#starts[place] = start
    this.#lengths[place] = decided - start
    this.#values[place] = value
  }

  #hashOf(start: number, end: number): number {
    const [hashes, from] = [this.#hashes, this.#from]
    const hash = hashes[end - from]! - Math.imul(hashes[start - from]!, powers[end - start]!)
    return hash ^ (hash >>> 16)
  }

  #isSame(place: number, start: number): boolean {
    const length = this.#lengths[place]!
    if (length === 0) return false
    const units = this.#units
    const distance = start - this.#starts[place]!
    const end = start + length
    const isGoingOn = distance === this.#distance && start <= this.#sameTo
    for (let here = isGoingOn ? this.#sameTo : start; here < end; here++) {
      const unit = units[here]
      // Where a mark begins, something else may have stood when the answer was given.
      if (unit !== units[here - distance] || unit === markBegin) return false
    }
    this.#distance = distance
    if (!isGoingOn || end > this.#sameTo) this.#sameTo = end
    return true
  }
}

/** Adds the hashes of so many units from a place on, behind the 0 of none. */
function addHashes(hashes: Int32Array, units: Uint16Array, from: number, length: number): void {
  for (let index = 0, hash = 0; index < length; index++) {
    hash = (Math.imul(hash, factor) + units[from + index]!) | 0
    hashes[index + 1] = hash
  }
}
