import { countrySpecs, isValidIBAN } from 'ibantools'
import { isDigit, isLatin, isWord, type Look } from './span.js'

// A text with more real ones is a list of them: from there on its sums are proof enough.
const mostChecks = 1000
// The country and the check digits.
const checked = 4
const [space, dash] = [0x20, 0x2d]

/** Account numbers (IBAN), alone or in groups. */
export function findIbans(text: string): Look {
  let checks = 0
  return (found, from, to) => {
    let place = from
    while (place < to) {
      const start = place++
      if (!isBegin(text, start)) continue
      const country = text.slice(start, start + 2).toUpperCase()
      const length = Object.hasOwn(countrySpecs, country) ? countrySpecs[country]?.chars : undefined
      const end = typeof length === 'number' ? endOfIban(text, start, length) : undefined
      if (end === undefined) continue
      const isListed = checks++ >= mostChecks
      if (!isListed && !isValidIBAN(text.slice(start, end).replaceAll(/[ -]/g, '').toUpperCase())) continue
      found.push({ start, end })
      place = end
    }
    return place
  }
}

/** Two letters and two digits, which no word goes on to. */
function isBegin(text: string, place: number): boolean {
  return (
    isLatin(text.charCodeAt(place)) &&
    !isWord(text.charCodeAt(place - 1)) &&
    isLatin(text.charCodeAt(place + 1)) &&
    isDigit(text.charCodeAt(place + 2)) &&
    isDigit(text.charCodeAt(place + 3))
  )
}

/**
 * The end of so many letters and digits, with single spaces or dashes between them, whose sum is right; undefined when
 * there are none. By ISO 13616 letters count from 10, the first four stand last, and the remainder by 97 is 1.
 */
function endOfIban(text: string, start: number, length: number): number | undefined {
  let remainder = 0
  let place = start
  for (let count = 0; count < length; count++, place++) {
    const joint = count === 0 ? 0 : text.charCodeAt(place)
    if (joint === space || joint === dash) place++
    const value = valueOf(text.charCodeAt(place))
    if (value === undefined) return undefined
    if (count >= checked) remainder = added(remainder, value)
  }
  if (isWord(text.charCodeAt(place))) return undefined
  for (let count = 0, first = start; count < checked; count++, first++) {
    const joint = count === 0 ? 0 : text.charCodeAt(first)
    if (joint === space || joint === dash) first++
    remainder = added(remainder, valueOf(text.charCodeAt(first))!)
  }
  return remainder === 1 ? place : undefined
}

function added(remainder: number, value: number): number {
  return (remainder * (value < 10 ? 10 : 100) + value) % 97
}

function valueOf(unit: number): number | undefined {
  if (isDigit(unit)) return unit - 0x30
  // Small letters have the numbers of large ones, and 32.
  return isLatin(unit) ? (unit & ~0x20) - 55 : undefined
}
