import { isDigit, type Look } from './span.js'

// As many as fit into a byte: a longer run is no number of anything.
const most = 255
const pieceLength = 8192

/** Where the digits of a text stand: what all but addresses of e-mail begin with. */
export class DigitRuns {
  /** How many digits follow each other, at the place of the first of them; 0 elsewhere, 255 for more than these. */
  readonly #lengths: Uint8Array
  /** The places of the first digits, in order. */
  readonly #starts: Int32Array

  private constructor(lengths: Uint8Array, starts: Int32Array) {
    this.#lengths = lengths
    this.#starts = starts
  }

  /** Of so many units. It yields between pieces. */
  static *of(units: Uint16Array, length: number): Generator<undefined, DigitRuns, undefined> {
    const lengths = new Uint8Array(length)
    // A sign stands between two runs.
    const starts = new Int32Array(Math.ceil(length / 2))
    let runs = 0
    for (let from = 0; from < length; from += pieceLength, yield) {
      runs = measure(lengths, starts, units, from, Math.min(from + pieceLength, length), runs)
    }
    return new DigitRuns(lengths, starts.subarray(0, runs))
  }

  /** How many digits stand from a place on that no digit stands before. */
  at(place: number): number {
    return this.#lengths[place] ?? 0
  }

  /** Forgets the digits of a part. */
  forget(start: number, end: number): void {
    const lengths = this.#lengths
    for (let place = start; place < end; place++) lengths[place] = 0
  }

  /**
   * A look at one run of digits after the other.
   *
   * @param least How many digits a run must have: shorter ones, which most are in a text full of signs, are passed over.
   * @param visit Adds what the run at a place is a part of to `found`. It is told where the last one ended, and returns
   * where this one ends; 0 for none.
   */
  look(least: number, visit: (found: number[], run: number, after: number) => number): Look {
    const [lengths, starts] = [this.#lengths, this.#starts]
    return (found, from, to) => {
      // What a run is a part of may begin before `from`.
      let after = 0
      for (let index = firstFrom(starts, from); index < starts.length; index++) {
        const run = starts[index]!
        if (run >= to) break
        if (lengths[run]! < least || run < after) continue
        const end = visit(found, run, after)
        if (end > after) after = end
      }
      return Math.max(after, to)
    }
  }
}

/** The index of the first place that is not before another. */
function firstFrom(places: Int32Array, place: number): number {
  let [low, high] = [0, places.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (places[middle]! < place) low = middle + 1
    else high = middle
  }
  return low
}

/** Measures the runs of one piece, behind so many of them, and tells how many there are then. */
function measure(
  lengths: Uint8Array,
  starts: Int32Array,
  units: Uint16Array,
  from: number,
  to: number,
  before: number,
): number {
  // The last run may go on.
  const isWithin = from > 0 && isDigit(units[from - 1]!) && isDigit(units[from]!)
  let runs = isWithin ? before - 1 : before
  for (let place = from; place < to; place++) {
    if (!isDigit(units[place]!)) continue
    const start = isWithin && place === from ? starts[runs]! : place
    while (place < to && isDigit(units[place]!)) place++
    lengths[start] = Math.min(place - start, most)
    starts[runs++] = start
  }
  return runs
}
