// As many as fit into a byte: a longer run is no number of anything.
const most = 255
const pieceLength = 8192

/** Where the digits of a text stand: what all but addresses of e-mail begin with. */
export class DigitRuns {
  /** The places where digits begin and end, in turns: two for each run. */
  readonly #bounds: Int32Array
  /** How many runs there are. */
  readonly #count: number
  /** How many digits follow each other, at the place of the first of them; 0 elsewhere, 255 for more than these. */
  readonly #lengths: Uint8Array

  private constructor(bounds: Int32Array, count: number, lengths: Uint8Array) {
    this.#bounds = bounds
    this.#count = count
    this.#lengths = lengths
  }

  /** Of so many units. It yields between pieces. */
  static *of(units: Uint16Array, length: number): Generator<undefined, DigitRuns, undefined> {
    // Behind the last one stands a place that no text has.
    const bounds = new Int32Array(length + 3)
    let count = 0
    for (let from = 0; from < length; from += pieceLength, yield) {
      count = addBounds(bounds, count, units, from, Math.min(from + pieceLength, length))
    }
    if (count % 2 === 1) bounds[count++] = length
    bounds[count] = length
    const lengths = new Uint8Array(length)
    for (let from = 0; from < count; from += pieceLength, yield) {
      measure(lengths, bounds, from, Math.min(from + pieceLength, count))
    }
    return new DigitRuns(bounds, count / 2, lengths)
  }

  /** How many digits stand from a place on that no digit stands before. */
  at(place: number): number {
    return this.#lengths[place] ?? 0
  }

  /** The place of the first digit of a run; the length of the text behind the last one. */
  startOf(index: number): number {
    return this.#bounds[index * 2]!
  }

  /** The index of the first run that does not begin before a place. */
  indexFrom(place: number): number {
    let [low, high] = [0, this.#count]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#bounds[middle * 2]! < place) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Forgets the digits of a part. */
  forget(start: number, end: number): void {
    const lengths = this.#lengths
    for (let place = start; place < end; place++) lengths[place] = 0
  }
}

/**
 * Adds the places of one piece where digits begin and end, behind so many, and tells how many there are then. There is
 * no branch for it: in a text full of signs the processor would predict half of them wrong.
 */
function addBounds(bounds: Int32Array, before: number, units: Uint16Array, from: number, to: number): number {
  let count = before
  for (let place = from, last = before & 1; place < to; place++) {
    const unit = units[place]!
    // The sign of both is set for 0x30 to 0x39 alone.
    const digit = ((unit - 0x3a) & (0x2f - unit)) >>> 31
    // The next one takes the place of what is no bound.
    bounds[count] = place
    count += digit ^ last
    last = digit
  }
  return count
}

function measure(lengths: Uint8Array, bounds: Int32Array, from: number, to: number): void {
  for (let index = from; index < to; index += 2) {
    const start = bounds[index]!
    lengths[start] = Math.min(bounds[index + 1]! - start, most)
  }
}
