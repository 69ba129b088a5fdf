import { markBegin } from './marked-text.js'

interface Known {
  readonly start: number
  readonly end: number
  readonly value: number
}

// A prime, by which a unit counts more with every unit behind it.
const factor = 31

/** What is known of parts of a text, wherever in it the same units stand again. */
export class KnownSpans {
  readonly #units: Uint16Array
  readonly #longest: number
  #left: number
  readonly #known = new Map<number, Known>()
  // Of the text from `#from` up to each place: the difference of two is the hash of what stands between them.
  #hashes = new Int32Array(0)
  #from = 0
  readonly #powers: Int32Array

  /** Keeps so many answers at most, about parts of at most `longest` units. */
  constructor(units: Uint16Array, longest: number, most: number) {
    this.#units = units
    this.#longest = longest
    this.#left = most
    this.#powers = new Int32Array(longest + 1).fill(1)
    for (let power = 1; power <= longest; power++) {
      this.#powers[power] = Math.imul(this.#powers[power - 1]!, factor)
    }
  }

  /** Prepares for parts that begin from one place up to another: only these may be asked for until the next call. */
  open(from: number, to: number): void {
    const units = this.#units
    const length = Math.min(to + this.#longest, units.length) - from
    if (this.#hashes.length <= length) this.#hashes = new Int32Array(length + 1)
    const hashes = this.#hashes
    for (let index = 0, hash = 0; index < length; index++) {
      hash = (Math.imul(hash, factor) + units[from + index]!) | 0
      hashes[index + 1] = hash
    }
    this.#from = from
  }

  get(start: number, end: number): number | undefined {
    const known = this.#known.get(this.#hashOf(start, end))
    return known !== undefined && this.#isSame(known, start, end) ? known.value : undefined
  }

  set(start: number, end: number, value: number): void {
    if (this.#left === 0) return
    this.#left--
    this.#known.set(this.#hashOf(start, end), { start, end, value })
  }

  #hashOf(start: number, end: number): number {
    const [hashes, from] = [this.#hashes, this.#from]
    const hash = hashes[end - from]! - Math.imul(hashes[start - from]!, this.#powers[end - start]!)
    // A small number is found faster in a map.
    return hash & 0x3fff_ffff
  }

  #isSame(known: Known, start: number, end: number): boolean {
    if (known.end - known.start !== end - start) return false
    for (let place = start, other = known.start; place < end; place++, other++) {
      const unit = this.#units[place]
      // Where a mark begins, something else may have stood when the answer was given.
      if (unit !== this.#units[other] || unit === markBegin) return false
    }
    return true
  }
}
