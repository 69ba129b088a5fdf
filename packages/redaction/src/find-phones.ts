import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { type Find, isDigit, isWord } from './span.js'

// The international prefix, 15 digits, and what stands between them.
const longest = 30
const fewestDigits = 7
const mostDigits = 17
// Questions to the tables of the library in one text. After them, whatever looks like a number is taken for one: a text
// full of false numbers must neither take long, nor hide a real one at its end.
const mostQuestions = 500

const [plus, parenthesis] = [0x2b, 0x28]
const date = /(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2}))(?!\d)/y

/** Phone numbers with `+`, and those that the plan of one of the countries knows. */
export function phoneFinder(countries: readonly CountryCode[]): Find {
  const isFoundBare = countries.length > 0
  return (text) => {
    const known = new Map<string, boolean>()
    const isNumber = (said: string, isInternational: boolean): boolean => {
      const before = known.get(said)
      if (before !== undefined) return before
      const is =
        known.size >= mostQuestions ||
        (isInternational
          ? parsePhoneNumberFromString(said)?.isValid() === true
          : countries.some((country) => isNational(said, country)))
      if (known.size < mostQuestions) known.set(said, is)
      return is
    }
    const lengths = new Map<string, number>()
    /** How long the number is that this text begins with; 0 for none. Texts that come again are asked about once. */
    const lengthOf = (said: string, start: number, ends: readonly number[]): number => {
      const before = lengths.get(said)
      if (before !== undefined) return before
      const isInternational = said.startsWith('+')
      const end = ends.findLast((each) => isNumber(said.slice(0, each - start), isInternational))
      const length = end === undefined ? 0 : end - start
      if (lengths.size < mostQuestions) lengths.set(said, length)
      return length
    }
    return (found, from, to) => {
      let place = from
      while (place < to) {
        const start = place++
        const unit = text.charCodeAt(start)
        const isInternational = unit === plus
        const isBare = isFoundBare && isDigit(unit)
        if (!isBare) {
          if (!isInternational && !(isFoundBare && unit === parenthesis)) continue
          if (!isDigit(text.charCodeAt(place))) continue
          // The digit behind the sign begins no number of its own.
          place++
        }
        if (isWord(text.charCodeAt(start - 1))) continue
        const ends = endsOf(text, start, isInternational)
        const length = ends.length === 0 ? 0 : lengthOf(text.slice(start, ends.at(-1)), start, ends)
        if (length === 0) continue
        place = start + length
        found.push({ start, end: place })
      }
      return place
    }
  }
}

/** Whether a number without `+` is one of this country, in the form in which people write one. */
function isNational(said: string, country: CountryCode): boolean {
  const digits = said.replaceAll(/\D/g, '')
  const number = parsePhoneNumberFromString(said, country)
  if (number?.isValid() !== true) return false
  const hasZero = number.formatNational().replace(/^\D+/, '').startsWith('0')
  if (hasZero && !digits.startsWith('0')) return false
  // Digits without a break are the number of an order more often, but for those of mobile phones.
  return said.length > digits.length || (hasZero && number.getType() === 'MOBILE')
}

/** Where a number that begins here may end: behind each group of digits. */
function endsOf(text: string, start: number, isInternational: boolean): readonly number[] {
  if (!isInternational && (text.charCodeAt(start - 1) === plus || isDate(text, start))) return none
  let ends: number[] | undefined
  let digits = 0
  let groups = 0
  let joined = 0
  const most = Math.min(text.length, start + longest)
  for (let at = isInternational ? start + 1 : start; at < most; at++) {
    const unit = text.charCodeAt(at)
    if (isDigit(unit)) {
      if (joined > 0 || digits === 0) groups++
      if (groups * 2 > mostDigits + 2) break
      joined = 0
      if (++digits > mostDigits) break
      if (digits < fewestDigits || isWord(text.charCodeAt(at + 1))) continue
      // Digits that stand one by one are no number that anybody writes.
      if (groups * 2 <= digits + 2) (ends ??= []).push(at + 1)
    } else if (!isJoint(unit) || ++joined > 2) break
  }
  return ends ?? none
}

const none: readonly number[] = []

function isDate(text: string, start: number): boolean {
  // Most numbers are none: the pattern is asked where the sign between its parts may stand.
  if (![1, 2, 4].some((after) => isDateSign(text.charCodeAt(start + after)))) return false
  date.lastIndex = start
  return date.test(text)
}

/** `-`, `.` and `/`. */
function isDateSign(unit: number): boolean {
  return unit >= 0x2d && unit <= 0x2f
}

/** What stands between the digits of a number: the signs of a date, spaces and parentheses. */
function isJoint(unit: number): boolean {
  return isDateSign(unit) || unit === 0x20 || unit === parenthesis || unit === 0x29
}
