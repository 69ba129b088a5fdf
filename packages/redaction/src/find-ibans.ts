import { countrySpecs, isValidIBAN } from 'ibantools'
import { isDigit, isLatin, isWord, type Look } from './span.js'

// A text with more real ones is a list of them: from there on its sums are proof enough.
const mostChecks = 1000

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
      const read = typeof length === 'number' ? readIban(text, start, length) : undefined
      if (read === undefined || !isWhole(read.iban)) continue
      if (checks++ < mostChecks && !isValidIBAN(read.iban)) continue
      found.push({ start, end: read.end })
      place = read.end
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

/** So many letters and digits, with single spaces or dashes between them; undefined when there are not so many. */
function readIban(text: string, start: number, length: number): { iban: string; end: number } | undefined {
  let iban = ''
  let end = start
  while (iban.length < length) {
    const isJoint = iban.length > 0 && (text[end] === ' ' || text[end] === '-')
    const place = isJoint ? end + 1 : end
    const unit = text.charCodeAt(place)
    if (!isDigit(unit) && !isLatin(unit)) return undefined
    iban += text[place]!
    end = place + 1
  }
  return isWord(text.charCodeAt(end)) ? undefined : { iban: iban.toUpperCase(), end }
}

/** The check of ISO 13616: letters count from 10, and the remainder by 97 is 1. */
function isWhole(iban: string): boolean {
  let remainder = 0
  for (let index = 0; index < iban.length; index++) {
    const unit = iban.charCodeAt((index + 4) % iban.length)
    remainder = isDigit(unit) ? (remainder * 10 + unit - 0x30) % 97 : (remainder * 100 + unit - 55) % 97
  }
  return remainder === 1
}
