import { isDigit } from './span.js'

// As many as fit into a byte: a longer run is no number of anything.
const most = 255

/** How many digits stand from a place of a text on. */
export class DigitRuns {
  readonly #units: Uint16Array
  readonly #beyond: number
  #runs = new Uint8Array(0)
  #from = 0

  /** Is asked for places that are at most so many units behind the part that is open. */
  constructor(units: Uint16Array, beyond: number) {
    this.#units = units
    this.#beyond = beyond
  }

  /** Prepares for one part of the text: only its places may be asked for until the next call. */
  open(from: number, to: number): void {
    const units = this.#units
    const length = Math.min(to + this.#beyond + most, units.length) - from
    if (this.#runs.length < length) this.#runs = new Uint8Array(length)
    const runs = this.#runs
    for (let index = length - 1, run = 0; index >= 0; index--) {
      run = isDigit(units[from + index]!) ? Math.min(run + 1, most) : 0
      runs[index] = run
    }
    this.#from = from
  }

  /** 0 for none; 255 for more than these. */
  at(place: number): number {
    return this.#runs[place - this.#from]!
  }
}
