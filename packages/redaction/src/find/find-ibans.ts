import { countrySpecs, isValidIBAN } from 'ibantools'
import { type MarkedText, unitBefore } from '../text/marked-text.js'
import { isDigit, isLatin, isWord, jointAt, type Look } from '../span.js'

// A text with more real ones is a list of them: from there on its sums are proof enough.
const mostChecks = 1000
// A number begins with the letters of its country, and two check digits.
const [letters, checkDigits] = [2, 2]
const checked = letters + checkDigits
const space = 0x20
// Two digits more, and a number still is one of 31 bits.
const mostUndivided = 10_000_000
// How many letters and digits a number of a country has: 26 countries for each first letter.
const lengthOf = new Uint8Array(26 * 26)
for (const [country, { chars }] of Object.entries(countrySpecs)) {
  if (typeof chars === 'number') lengthOf[indexOf(country.charCodeAt(0), country.charCodeAt(1))] = chars
}

/** Account numbers (IBAN), alone or in groups. */
export function findIbans(text: MarkedText): Look {
  const { units, runs } = text
  let checks = 0
  const isValid = (start: number, end: number): boolean =>
    checks++ >= mostChecks || isValidIBAN(text.part(start, end).replaceAll(/[ .-]/g, '').toUpperCase())
  return (found, from, to) => {
    let after = 0
    for (let index = runs.indexFrom(from); runs.startOf(index) < to; index++) {
      const run = runs.startOf(index)
      const start = unitBefore(units, run) === space ? run - letters - 1 : run - letters
      if (start < after || !isBegin(units, start)) continue
      const length = lengthOf[indexOf(units[start]!, units[start + 1]!)]!
      const end = length > 0 ? endOfIban(units, start, run, length) : undefined
      if (end === undefined || !isValid(start, end)) continue
      found.push(start, end)
      after = end
    }
    return Math.max(after, to)
  }
}

/** The two letters of a country, which no word goes on to. */
function isBegin(units: Uint16Array, place: number): boolean {
  return isLatin(units[place]!) && isLatin(units[place + 1]!) && !isWord(unitBefore(units, place))
}

/** Small and large letters alike. */
function indexOf(first: number, second: number): number {
  return ((first & ~0x20) - 0x41) * 26 + (second & ~0x20) - 0x41
}

/**
 * The end of so many letters and digits, in groups or not, whose sum is right; undefined when there are none. The first
 * digit stands at `run`. By ISO 13616 letters count from 10, the first four stand last, and the remainder by 97 is 1.
 */
function endOfIban(units: Uint16Array, start: number, run: number, length: number): number | undefined {
  let remainder = 0
  let place = run + checkDigits
  if (!isDigit(units[place - 1]!)) return undefined
  for (let count = checked; count < length; count++, place++) {
    let value = valueOf(units[place]!)
    if (value === none) {
      place += jointAt(units, place)
      value = valueOf(units[place]!)
      if (value === none) return undefined
    }
    remainder = added(remainder, value)
  }
  if (isWord(units[place]!)) return undefined
  for (const first of [start, start + 1, run, run + 1]) remainder = added(remainder, valueOf(units[first]!))
  return remainder % 97 === 1 ? place : undefined
}

/** A division takes longer than all the rest: there is one for every few values. */
function added(remainder: number, value: number): number {
  const sum = remainder * (value < 10 ? 10 : 100) + value
  return sum < mostUndivided ? sum : sum % 97
}

const none = -1

function valueOf(unit: number): number {
  if (isDigit(unit)) return unit - 0x30
  // Small letters have the numbers of large ones, and 32.
  return isLatin(unit) ? (unit & ~0x20) - 55 : none
}
