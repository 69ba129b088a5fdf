import { DigitRuns } from './digit-runs.js'
import { toPlainUnits } from './plain-text.js'

/** `[`, which each mark begins with. */
export const markBegin = 0x5b
const [markEnd, inner] = [0x5d, 0x78]
// What stands behind the first place of a mark.
const goesOn = 0xff
const pieceLength = 8192

/**
 * The UTF-16 units of a text, with the digits and signs of all scripts as those of ASCII. What was found is marked where
 * it stands, so that every place stays what it was; nothing is found in a mark, nor across one.
 */
export class MarkedText {
  /** Zeros stand behind them, so that a look beyond the end finds nothing. */
  readonly units: Uint16Array
  readonly length: number
  readonly runs: DigitRuns
  readonly #marks: Uint8Array
  #string: string | undefined

  /** @param string The text, when its units are these. */
  private constructor(units: Uint16Array, length: number, runs: DigitRuns, string: string | undefined) {
    this.units = units
    this.length = length
    this.runs = runs
    this.#marks = new Uint8Array(length)
    this.#string = string
  }

  /** It yields between pieces. */
  static *of(text: string): Generator<undefined, MarkedText, undefined> {
    const [units, isPlain] = yield* toPlainUnits(text)
    const runs = yield* DigitRuns.of(units, text.length)
    return new MarkedText(units, text.length, runs, isPlain ? text : undefined)
  }

  /** Marks a part with a number from 1 to 254. */
  mark(start: number, end: number, number: number): void {
    const [units, marks] = [this.units, this.#marks]
    for (let place = start; place < end; place++) {
      units[place] = inner
      marks[place] = goesOn
    }
    units[start] = markBegin
    units[end - 1] = markEnd
    marks[start] = number
    this.runs.forget(start, end)
  }

  /** Where the mark ends that begins at a place. */
  endAt(start: number): number {
    let end = start + 1
    while (this.#marks[end] === goesOn) end++
    return end
  }

  /** Calls with the number, the start and the end of each mark, in order. It yields between pieces. */
  *eachMark(
    call: (number: number, start: number, end: number) => void,
  ): Generator<undefined, undefined, undefined> {
    for (let from = 0; from < this.length; from += pieceLength, yield) {
      const to = Math.min(from + pieceLength, this.length)
      this.#eachMarkIn(from, to, call)
    }
  }

  #eachMarkIn(from: number, to: number, call: (number: number, start: number, end: number) => void): void {
    for (let place = from; place < to; place++) {
      const mark = this.#marks[place]!
      if (mark !== 0 && mark !== goesOn) call(mark, place, this.endAt(place))
    }
  }

  /** A part without a mark. */
  part(start: number, end: number): string {
    if (this.#string === undefined) {
      const { buffer } = this.units
      this.#string = Buffer.from(buffer, 0, this.length * 2).toString('utf16le')
    }
    return this.#string.slice(start, end)
  }
}

/** The unit before a place; 0 where the text begins. */
export function unitBefore(units: Uint16Array, place: number): number {
  return place > 0 ? units[place - 1]! : 0
}
