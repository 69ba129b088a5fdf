import type { Random } from '../torture/random.js'

/**
 * Ranks from 1 to `count`, rank k with a weight of k^-s, without a table: rejection-inversion (Hörmann and Derflinger
 * 1996). About one draw in a hundred is thrown away.
 */
export class Zipf {
  readonly #count: number
  readonly #exponent: number
  readonly #random: Random
  readonly #fromArea: number
  readonly #toArea: number
  readonly #sure: number

  constructor(count: number, exponent: number, random: Random) {
    this.#count = count
    this.#exponent = exponent
    this.#random = random
    this.#fromArea = this.#area(1.5) - 1
    this.#toArea = this.#area(count + 0.5)
    this.#sure = 2 - this.#place(this.#area(2.5) - this.#weight(2))
  }

  next(): number {
    for (;;) {
      const area = this.#toArea + this.#random.next() * (this.#fromArea - this.#toArea)
      const place = this.#place(area)
      const rank = Math.min(this.#count, Math.max(1, Math.round(place)))
      if (rank - place <= this.#sure || area >= this.#area(rank + 0.5) - this.#weight(rank)) return rank
    }
  }

  #weight(place: number): number {
    return Math.exp(-this.#exponent * Math.log(place))
  }

  /** The integral of the weight up to a place. */
  #area(place: number): number {
    const log = Math.log(place)
    return expm1Over((1 - this.#exponent) * log) * log
  }

  /** The place up to which the integral is `area`. */
  #place(area: number): number {
    const scaled = Math.max(-1, area * (1 - this.#exponent))
    return Math.exp(log1pOver(scaled) * area)
  }
}

// Both divide by their argument, which is 0 for an exponent of 1.
const expm1Over = (x: number): number => (Math.abs(x) > 1e-8 ? Math.expm1(x) / x : 1 + x / 2)
const log1pOver = (x: number): number => (Math.abs(x) > 1e-8 ? Math.log1p(x) / x : 1 - x / 2)
