import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { isDigit, isWord, type Span } from './span.js'

// The international prefix, 15 digits, and what stands between them.
const longest = 30
const fewestDigits = 7
const mostDigits = 17
// Questions to the tables of the library in one text. After them, whatever looks like a number is taken for one: a text
// full of false numbers must neither take long, nor hide a real one at its end.
const mostQuestions = 500

const joints: ReadonlySet<string> = new Set([' ', '-', '.', '/', '(', ')'])
const date = /(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2}))(?!\d)/y

/** Phone numbers with `+`, and those that the plan of one of the countries knows. */
export function phoneFinder(countries: readonly CountryCode[]): (text: string) => Span[] {
  const begin = countries.length > 0 ? /\+\d|\(\d|\d+/g : /\+\d/g
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
    const found: Span[] = []
    let after = 0
    for (const { index: start } of text.matchAll(begin)) {
      if (start < after || isWord(text.charCodeAt(start - 1))) continue
      const isInternational = text[start] === '+'
      const end = endsOf(text, start, isInternational).find((each) =>
        isNumber(text.slice(start, each), isInternational),
      )
      if (end === undefined) continue
      found.push({ start, end })
      after = end
    }
    return found
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

/** Where a number that begins here may end: behind each group of digits, the last first. */
function endsOf(text: string, start: number, isInternational: boolean): readonly number[] {
  if (!isInternational) {
    date.lastIndex = start
    if (text[start - 1] === '+' || date.test(text)) return none
  }
  let ends: number[] | undefined
  let digits = 0
  let groups = 0
  let joined = 0
  for (let at = isInternational ? start + 1 : start; at < text.length && at - start < longest; at++) {
    if (isDigit(text.charCodeAt(at))) {
      if (joined > 0 || digits === 0) groups++
      joined = 0
      if (++digits > mostDigits) break
      if (digits < fewestDigits || isWord(text.charCodeAt(at + 1))) continue
      // Digits that stand one by one are no number that anybody writes.
      if (groups * 2 <= digits + 2) (ends ??= []).unshift(at + 1)
    } else if (!joints.has(text[at]!) || ++joined > 2) break
  }
  return ends ?? none
}

const none: readonly number[] = []
