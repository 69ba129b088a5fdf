import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { DigitRuns } from '../text/digit-runs.js'
import { KnownSpans } from './known-spans.js'
import { type MarkedText, unitBefore } from '../text/marked-text.js'
import { type PhonePlan, phonePlan } from './phone-plan.js'
import { endOfPlainNumber, isDateSign, isDay } from './plain-numbers.js'
import { type Find, isDigit, isWord } from '../span.js'

// The international prefix, 15 digits, and what stands between them.
const longest = 30
// The signs behind it, which tell whether it ends there: a date with the signs around it.
const behind = 16
const decisive = longest + behind
// So many UTF-16 units are looked through before what is known of them pays.
const shortLength = 4096
const fewestDigits = 7
const mostDigits = 17
// A power of two above it: a row of a table.
const countsOfDigit = 32
// Bits of it: so many digits may be a number; a group of so many may be the first of one.
const [whole, opening] = [1, 2]
// Questions to the tables of the library in one text. After them, whatever looks like a number is taken for one: a text
// full of false numbers must neither take long, nor hide a real one at its end.
const mostQuestions = 200

const [plus, parenthesis, closing, zero, space, percent] = [0x2b, 0x28, 0x29, 0x30, 0x20, 0x25]

/**
 * Phone numbers with `+`, and those that the plan of one of the countries knows.
 *
 * @throws `TypeError` for what is no country.
 */
export function phoneFinder(countries: readonly CountryCode[]): () => Find<MarkedText> {
  for (const country of countries) {
    if (!isSupportedCountry(country)) throw new TypeError(`countries: there is no ${String(country)}`)
  }
  const plans = countries.map(phonePlan)
  const counts = possibleCounts(plans)
  return () => finderFor(plans, counts)
}

/** For each first digit and count of digits, what they may be in one of the countries. */
function possibleCounts(plans: readonly PhonePlan[]): Uint8Array {
  return Uint8Array.from({ length: 10 * countsOfDigit }, (_, index) => {
    const [first, digits] = [Math.floor(index / countsOfDigit), index % countsOfDigit]
    let bits = 0
    for (const plan of plans) {
      if (plan.mayHave(first, digits)) bits |= whole
      if (digits <= mostDigits && plan.mayOpen(first, digits) && mayGoOn(plan, first, digits)) bits |= opening
    }
    return bits
  })
}

/** Whether a number with this first digit may have so many digits or more. */
function mayGoOn(plan: PhonePlan, first: number, digits: number): boolean {
  for (let count = Math.max(digits, fewestDigits); count <= mostDigits; count++) {
    if (plan.mayHave(first, count)) return true
  }
  return false
}

/** For one text, in all its rounds. */
function finderFor(plans: readonly PhonePlan[], counts: Uint8Array): Find<MarkedText> {
  // A text is looked through until nothing is found any more, and most questions come again.
  const answers = new Map<string, boolean>()
  const isNumber = (said: string, isInternational: boolean): boolean => {
    const isFull = answers.size >= mostQuestions
    // An order seldom has a zero first and a break.
    const isTaken = isInternational || (isFull && /^0\d*\D/.test(said))
    if (!isTaken && !mayBeDialled(said, plans)) return false
    const before = answers.get(said)
    if (before !== undefined || isFull) return before ?? true
    const is = isInternational ? isWorldwide(said) : plans.some((plan) => isNational(said, plan))
    answers.set(said, is)
    return is
  }
  return (text) => {
    const { units, runs } = text
    let spans: KnownSpans | undefined
    let known: KnownSpans | undefined
    const mayOpen = (run: number): boolean =>
      (counts[(units[run]! - zero) * countsOfDigit + Math.min(runs.at(run), countsOfDigit - 1)]! &
        opening) !==
      0
    /** Whether a few digits stand alone here: that is seen faster than what is known of them. */
    const isShort = (run: number): boolean => {
      const digits = runs.at(run)
      return digits < fewestDigits && !isJoint(units[run + digits]!)
    }
    /** How long the number is that the text begins with from here on; 0 for none. */
    const lengthAt = (start: number, run: number, isInternational: boolean): number => {
      if (isShort(run)) return 0
      // What comes again is looked at once: no number is decided by more than these units.
      const last = Math.min(start + decisive, units.length)
      const before = known?.get(start, last)
      if (before !== undefined) return before
      const ends = endsOf(units, runs, start, isInternational ? undefined : counts)
      let length = 0
      for (let index = ends - 1; length === 0 && index >= 0; index--) {
        const end = endAt(index)
        if (isNumber(text.part(start, end), isInternational)) length = end - start
      }
      known?.set(start, last, length, Math.min(looked, last))
      return length
    }
    return (found, from, to) => {
      known = to - from > shortLength ? (spans ??= new KnownSpans(units)) : undefined
      // A sign may stand before the first digit.
      known?.open(Math.max(0, from - 1), to)
      let after = 0
      for (let index = runs.indexFrom(from); runs.startOf(index) < to; index++) {
        const run = runs.startOf(index)
        if (run < after || runs.at(run) === 0) continue
        const sign = unitBefore(units, run)
        const isInternational = sign === plus
        if (!isInternational) {
          after = Math.max(after, endOfPlainNumber(units, runs, run))
          if (run < after || !mayOpen(run)) continue
        }
        const start = isInternational || sign === parenthesis ? run - 1 : run
        if (isWord(unitBefore(units, start))) continue
        const length = lengthAt(start, run, isInternational)
        if (length === 0) continue
        // `%2B`, as addresses of the web have it.
        const isEncoded = isInternational && units[start - 1] === percent && units[start - 2] === percent
        after = start + length
        found.push(isEncoded ? start - 2 : start, after)
      }
      return Math.max(after, to)
    }
  }
}

function isWorldwide(said: string): boolean {
  return parsePhoneNumberFromString(said, { extract: false })?.isValid() === true
}

/** Whether digits without `+` may be a number: of most it is seen that they are none. */
function mayBeDialled(said: string, plans: readonly PhonePlan[]): boolean {
  // Digits without a break are the number of an order more often, but for those of mobile phones.
  if (/^[1-9]\d*$/.test(said)) return false
  return plans.some((plan) => plan.mayBe(said))
}

/** Whether a number without `+` is one of this country, in the form in which people write one. */
function isNational(said: string, plan: PhonePlan): boolean {
  if (!plan.mayBe(said)) return false
  const number = parsePhoneNumberFromString(said, { defaultCountry: plan.country, extract: false })
  if (number?.isValid() !== true) return false
  const hasZero = number.formatNational().replace(/^\D+/, '').startsWith('0')
  if (hasZero && !/^\D*0/.test(said)) return false
  const isBroken = /\D/.test(said)
  return isBroken || (hasZero && number.getType() === 'MOBILE')
}

// The places of the number that is looked at: a list made for each would take most of the time.
const endPlaces = new Float64Array(mostDigits)

// How far a look for its end came: nothing behind it decides.
let looked = 0

function endAt(index: number): number {
  return endPlaces[index]!
}

/**
 * Where a number that begins here may end, behind each group of digits: how many such places there are.
 *
 * @param counts Of which digits how many may be a number; undefined for any.
 */
function endsOf(units: Uint16Array, runs: DigitRuns, start: number, counts: Uint8Array | undefined): number {
  const most = start + longest
  let ends = 0
  let digits = 0
  let at = isDigit(units[start]!) ? start : start + 1
  const row = (units[at]! - zero) * countsOfDigit
  for (let groups = 1; groups * 2 <= mostDigits + 2; groups++) {
    const run = runs.at(at)
    digits += run
    at += run
    if (run === 0 || digits > mostDigits || at > most) break
    // Digits that stand one by one are no number that anybody writes.
    const isLong = digits >= fewestDigits && (counts === undefined || (counts[row + digits]! & whole) !== 0)
    if (isLong && groups * 2 <= digits + 2 && isEnd(units, at)) endPlaces[ends++] = at
    if (!isJoint(units[at]!)) break
    if (units[at] === closing && units[at + 1] === space) at++
    at += isDashed(units, runs, at, run, counts === undefined) ? 3 : isJoint(units[at + 1]!) ? 2 : 1
    if (isDay(units, runs, at)) break
  }
  looked = at + behind
  return ends
}

/** Whether a number may end here: no word goes on, but for `x` or `ext` and an extension. */
function isEnd(units: Uint16Array, at: number): boolean {
  const [first, second, third] = [units[at]! | 0x20, units[at + 1]!, units[at + 2]!]
  if (!isWord(units[at]!) || (first === 0x78 && isDigit(second))) return true
  return first === 0x65 && (second | 0x20) === 0x78 && (third | 0x20) === 0x74
}

/** Whether a sign between two spaces stands in the middle of a number, as in `030 - 123456`; it is none of a span of years or times. */
function isDashed(
  units: Uint16Array,
  runs: DigitRuns,
  at: number,
  before: number,
  isInternational: boolean,
): boolean {
  if (units[at] !== space || !isDateSign(units[at + 1]!) || units[at + 2] !== space) return false
  const next = runs.at(at + 3)
  return next >= 3 && before >= 2 && (isInternational || before !== 4 || next !== 4)
}

/** What stands between the digits of a number: the signs of a date, spaces and parentheses. */
function isJoint(unit: number): boolean {
  return isDateSign(unit) || unit === space || unit === parenthesis || unit === closing
}
