import { isDigit } from './span.js'

const zerosBehind = 8
const wide = /[\u0100-\uffff]/

/**
 * A text, and its UTF-16 units in an array: reading them one by one takes a fraction of the time that it takes to read
 * a string. Zeros stand behind them, so that a look beyond the end finds nothing. Each is made of the other when it is
 * first asked for: most of what people write is never read by its units, and most of what comes in between is no string.
 */
export class UnitText {
  readonly length: number
  /** Whether a unit of it may need more than a byte: most texts need no more. */
  readonly isWide: boolean
  #string: string | undefined
  #units: Uint16Array | undefined

  private constructor(length: number, isWide: boolean, string?: string, units?: Uint16Array) {
    this.length = length
    this.isWide = isWide
    this.#string = string
    this.#units = units
  }

  static of(string: string): UnitText {
    return new UnitText(string.length, wide.test(string), string)
  }

  /** Of units with zeros behind `length`. */
  static ofUnits(all: Uint16Array, length: number, isWide: boolean): UnitText {
    return new UnitText(length, isWide, undefined, all.subarray(0, length + zerosBehind))
  }

  get string(): string {
    if (this.#string !== undefined) return this.#string
    const said = this.#units!.subarray(0, this.length)
    this.#string = this.isWide
      ? Buffer.from(said.buffer, said.byteOffset, said.byteLength).toString('utf16le')
      : Buffer.from(said).toString('latin1')
    return this.#string
  }

  get holdsDigit(): boolean {
    if (this.#string !== undefined) return /\d/.test(this.#string)
    return this.units.some(isDigit)
  }

  get units(): Uint16Array {
    if (this.#units !== undefined) return this.#units
    const units = new Uint16Array(this.length + zerosBehind)
    // A copy of bytes takes a twentieth of the time in which they become units one by one.
    if (this.isWide) Buffer.from(units.buffer).write(this.#string!, 'utf16le')
    else units.set(Buffer.from(this.#string!, 'latin1'))
    this.#units = units
    return units
  }
}

/** The unit before a place; 0 where the text begins. */
export function unitBefore(units: Uint16Array, place: number): number {
  return place > 0 ? units[place - 1]! : 0
}

// From here on a copy of all at once takes less time than one by one.
const longPart = 64

/** A text that grows at its end: a string that grows by small parts takes long to be read. */
export class GrowingText {
  #units: Uint16Array
  #length = 0
  #isWide = false

  constructor(likelyLength: number) {
    this.#units = new Uint16Array(likelyLength + zerosBehind)
  }

  add(text: UnitText, start: number, end: number): void {
    const from = text.units
    const units = this.#withRoomFor(end - start)
    const length = this.#length
    if (end - start >= longPart) units.set(from.subarray(start, end), length)
    else for (let index = 0; index < end - start; index++) units[length + index] = from[start + index]!
    this.#length = length + end - start
    this.#isWide ||= text.isWide
  }

  /** Ends the text: nothing is added to it any more. */
  end(): UnitText {
    return UnitText.ofUnits(this.#units, this.#length, this.#isWide)
  }

  #withRoomFor(length: number): Uint16Array {
    const least = this.#length + length + zerosBehind
    if (least > this.#units.length) {
      const larger = new Uint16Array(Math.ceil(least * 1.5))
      larger.set(this.#units)
      this.#units = larger
    }
    return this.#units
  }
}
