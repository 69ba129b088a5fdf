import { isDigit, type Look } from './span.js'

// As many as fit into a byte: a longer run is no number of anything.
const most = 255
const pieceLength = 8192

/** Where the digits of a text stand: what all but addresses of e-mail begin with. */
export class DigitRuns {
  /** How many digits follow each other, at the place of the first of them; 0 elsewhere, 255 for more than these. */
  readonly #lengths: Uint8Array

  private constructor(lengths: Uint8Array) {
    this.#lengths = lengths
  }

  /** Of so many units. It yields between pieces. */
  static *of(units: Uint16Array, length: number): Generator<undefined, DigitRuns, undefined> {
    const lengths = new Uint8Array(length)
    for (let from = 0; from < length; yield) from = measure(lengths, units, from)
    return new DigitRuns(lengths)
  }

  /** How many digits stand from a place on that no digit stands before. */
  at(place: number): number {
    return this.#lengths[place] ?? 0
  }

  /** Forgets the digits of a part. */
  forget(start: number, end: number): void {
    this.#lengths.fill(0, start, end)
  }

  /**
   * A look at one run of digits after the other.
   *
   * @param visit Adds what the run at a place is a part of to `found`. It is told where the last one ended, and returns
   * where this one ends; 0 for none.
   */
  look(visit: (found: number[], run: number, after: number) => number): Look {
    const lengths = this.#lengths
    return (found, from, to) => {
      let after = from
      for (let place = from; place < to; place++) {
        if (lengths[place] !== 0 && place >= after) after = Math.max(after, visit(found, place, after))
      }
      return Math.max(after, to)
    }
  }
}

/** Measures the runs that begin in one piece. Returns where to go on. */
function measure(lengths: Uint8Array, units: Uint16Array, from: number): number {
  const to = Math.min(from + pieceLength, lengths.length)
  let place = from
  while (place < to) {
    if (!isDigit(units[place]!)) {
      place++
      continue
    }
    const start = place++
    while (isDigit(units[place]!)) place++
    lengths[start] = Math.min(place - start, most)
  }
  return place
}
