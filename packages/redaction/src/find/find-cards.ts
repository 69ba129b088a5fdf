import type { DigitRuns } from '../text/digit-runs.js'
import { type MarkedText, unitBefore } from '../text/marked-text.js'
import { isDigit, isWord, jointAt, type Look } from '../span.js'

interface Issuer {
  /** The first and the last number of four digits that its cards begin with. */
  readonly from: number
  readonly to: number
  readonly lengths: readonly number[]
}

const long = [16, 17, 18, 19]
const any = [13, 14, 15, 16, 17, 18, 19]
const issuers: readonly Issuer[] = [
  { from: 4000, to: 4999, lengths: [13, 16, 18, 19] },
  { from: 5100, to: 5599, lengths: [16] },
  { from: 2221, to: 2720, lengths: [16] },
  { from: 3400, to: 3499, lengths: [15] },
  { from: 3700, to: 3799, lengths: [15] },
  { from: 3000, to: 3059, lengths: [14, 15, ...long] },
  { from: 3095, to: 3095, lengths: [14, 15, ...long] },
  { from: 3600, to: 3699, lengths: [14, 15, ...long] },
  { from: 3800, to: 3999, lengths: [14, 15, ...long] },
  { from: 3528, to: 3589, lengths: long },
  { from: 2200, to: 2205, lengths: long },
  { from: 8100, to: 8299, lengths: long },
  { from: 5000, to: 5099, lengths: any },
  { from: 5600, to: 5899, lengths: any },
  // Discover, UnionPay, Maestro, RuPay and others.
  { from: 6000, to: 6999, lengths: any },
]
const [zero, plus] = [0x30, 0x2b]
const most = 19
// Four by four, or four, six and five: a shorter group is of something else.
const leastGroup = 3
const longestGroup = 6
// A power of two: more than a number has groups.
const knownGroups = 8
const [half, lowerHalf] = [16, 0xffff]
const beginDigits = 4
// For four digits, a bit for each length that cards with this beginning have.
const lengthsOf = new Uint32Array(10_000)
for (const { from, to, lengths } of issuers) {
  for (const length of lengths) for (let begin = from; begin <= to; begin++) lengthsOf[begin]! |= 1 << length
}
const beginsWith = new Uint8Array(10)
for (const { from } of issuers) beginsWith[Math.floor(from / 1000)] = 1

/** Card numbers: digits alone, or in groups; of a known issuer, with a right check digit. */
export function findCards({ units, runs }: MarkedText): Look {
  const sums = new GroupSums(units, runs)
  return (found, from, to) => {
    let after = 0
    for (let index = runs.indexFrom(from); runs.startOf(index) < to; index++) {
      const run = runs.startOf(index)
      if (run < after || runs.at(run) < leastGroup || !isBegin(units, run)) continue
      const end = endOfCard(units, runs, index, sums)
      if (end === undefined) continue
      found.push(run, end)
      after = end
    }
    return Math.max(after, to)
  }
}

function isBegin(units: Uint16Array, place: number): boolean {
  const before = unitBefore(units, place)
  if (isWord(before) || before === plus || beginsWith[units[place]! - zero] === 0) return false
  // A fraction of a number.
  return !(isPoint(before) && isDigit(unitBefore(units, place - 1)))
}

/** The end of the longest card number that begins with this run of digits. */
function endOfCard(units: Uint16Array, runs: DigitRuns, begin: number, sums: GroupSums): number | undefined {
  const lengths = lengthsFrom(units, runs.startOf(begin))
  if (lengths === 0) return undefined
  let count = 0
  // The sums in which every second digit counts twice: the first of the digits and so on, or the second.
  let [fromFirst, fromSecond] = [0, 0]
  let end: number | undefined
  for (let index = begin; ; index++) {
    const run = runs.startOf(index)
    const digits = runs.at(run)
    if (digits < leastGroup || count + digits > most) return end
    const place = run + digits
    const sum = sums.of(index)
    const isOdd = (count & 1) === 1
    fromFirst += isOdd ? sum & lowerHalf : sum >>> half
    fromSecond += isOdd ? sum >>> half : sum & lowerHalf
    count += digits
    if ((lengths & (1 << count)) !== 0 && isEnd(units, place)) {
      // The last digit counts once.
      const luhn = (count & 1) === 1 ? fromSecond : fromFirst
      if (luhn % 10 === 0) end = place
    }
    const joint = jointAt(units, place)
    // Digits behind a long group and a dot are a fraction.
    if (joint === 0 || (isPoint(units[place]!) && digits > longestGroup)) return end
    if (runs.startOf(index + 1) !== place + joint) return end
  }
}

/** The lengths of the cards that begin with the four digits here, a bit for each; 0 for none. */
function lengthsFrom(units: Uint16Array, start: number): number {
  let begin = 0
  let place = start
  for (let count = 0; count < beginDigits; count++, place++) {
    if (count === leastGroup && !isDigit(units[place]!)) place += jointAt(units, place)
    if (!isDigit(units[place]!)) return 0
    begin = begin * 10 + units[place]! - zero
  }
  return lengthsOf[begin]!
}

/** Luhn's sums of the last groups. A number that begins one group later has the same groups, without the first. */
class GroupSums {
  readonly #units: Uint16Array
  readonly #runs: DigitRuns
  /** Which runs they are of, by the last bits of the index of a run. */
  readonly #indexes = new Int32Array(knownGroups).fill(-1)
  readonly #sums = new Int32Array(knownGroups)

  constructor(units: Uint16Array, runs: DigitRuns) {
    this.#units = units
    this.#runs = runs
  }

  /** Two sums of 16 bits. In the upper one the first, third, fifth digit and so on count twice; in the lower one the others. */
  of(index: number): number {
    const at = index & (knownGroups - 1)
    if (this.#indexes[at] !== index) {
      this.#indexes[at] = index
      const run = this.#runs.startOf(index)
      this.#sums[at] = sumsOf(this.#units, run, run + this.#runs.at(run))
    }
    return this.#sums[at]!
  }
}

function sumsOf(units: Uint16Array, start: number, end: number): number {
  let [fromFirst, fromSecond] = [0, 0]
  for (let place = start; place < end; place++) {
    const digit = units[place]! - zero
    const twice = digit < 5 ? digit * 2 : digit * 2 - 9
    const isOdd = ((place - start) & 1) === 1
    fromFirst += isOdd ? digit : twice
    fromSecond += isOdd ? twice : digit
  }
  return (fromFirst << half) | fromSecond
}

function isEnd(units: Uint16Array, place: number): boolean {
  const unit = units[place]!
  return !isWord(unit) && !(isPoint(unit) && isDigit(units[place + 1]!))
}

function isPoint(unit: number): boolean {
  return unit === 0x2e || unit === 0x2c
}
