import type { MarkedText } from '../text/marked-text.js'
import { isDigit, isLatin, type Look } from '../span.js'

// RFC 5321 has no longer ones.
const maxDomain = 253
const signs = ".!#$%&'*+-/=?^_`{|}~"
const isLetter = /[\p{L}\p{M}\p{Nd}]/u
const [dot, hyphen, underscore, at, percent] = [0x2e, 0x2d, 0x5f, 0x40, 0x25]
const dividers = ['/', '?', '&', '=', '#'].map((char) => char.charCodeAt(0))
// What a UTF-16 unit may be in an address.
const [other, sign, letter, unspaced] = [0, 1, 2, 3]

let table: Uint8Array | undefined

/** E-mail addresses, also those with letters of other scripts. Each character is looked at twice at most. */
export function findEmails({ units, length }: MarkedText): Look {
  let after = 0
  return (found, from, to) => {
    for (let place = from; place < to; place++) {
      if (units[place] !== at) continue
      table ??= unitKinds()
      const end = endOf(units, place + 1, length, table)
      if (end === undefined) continue
      const start = startOf(units, place, after, table)
      if (start === place) continue
      found.push(start, end)
      after = end
    }
    return to
  }
}

function startOf(units: Uint16Array, place: number, after: number, kinds: Uint8Array): number {
  const least = place > 0 ? leastLetter(units, place - 1, kinds) : letter
  const kindAt = (index: number): number => kinds[units[index]!]!
  let start = place
  // In an address of the web, what divides its parts is no part of a name.
  const isEncoded = units[place - 1] === percent && units[place - 2] === percent
  while (start > after) {
    const kind = kindAt(start - 1)
    if (isEncoded && isDivider(units[start - 1]!)) break
    if (kind !== sign && kind !== letter && kind !== least) break
    start--
  }
  // What joins the parts of an address begins none: quotes, and signs of markup.
  while (start < place && kindAt(start) === sign && units[start] !== underscore) start++
  return start
}

function isDivider(unit: number): boolean {
  return dividers.includes(unit)
}

/** The end of the domain; undefined when there is none. */
function endOf(units: Uint16Array, begin: number, length: number, kinds: Uint8Array): number | undefined {
  const least = leastLetter(units, begin, kinds)
  const isLetterAt = (index: number): boolean => {
    const kind = kinds[units[index]!]
    return kind === letter || kind === least
  }
  const most = Math.min(length, begin + maxDomain)
  let end = begin
  let lastDot = -1
  for (; end < most; end++) {
    const unit = units[end]!
    if (unit === dot) {
      if (end === begin || !isLetterAt(end - 1) || !isLetterAt(end + 1)) break
      lastDot = end
    } else if (unit !== hyphen && !isLetterAt(end)) break
  }
  while (end > begin && units[end - 1] === hyphen) end--
  if (lastDot === -1 || end - lastDot < 3 || isDigit(units[lastDot + 1]!)) return undefined
  return end
}

/**
 * Chinese, Thai and the like are written without spaces: beside other letters they are the text around an address, and
 * no part of it.
 */
function leastLetter(units: Uint16Array, place: number, kinds: Uint8Array): number {
  return kinds[units[place]!] === unspaced ? unspaced : letter
}

function unitKinds(): Uint8Array {
  const kinds = new Uint8Array(0x10000)
  for (let unit = 0; unit < kinds.length; unit++) {
    if (unit < 0x80) kinds[unit] = isDigit(unit) || isLatin(unit) ? letter : other
    else if (isLetter.test(String.fromCharCode(unit))) kinds[unit] = isUnspaced(unit) ? unspaced : letter
  }
  for (const char of signs) kinds[char.charCodeAt(0)] = sign
  return kinds
}

/** Letters of Thai, Chinese, Japanese and the like. */
function isUnspaced(unit: number): boolean {
  return (
    (unit >= 0xe00 && unit < 0x1000) || (unit >= 0x1780 && unit < 0x1800) || (unit >= 0x2e80 && unit < 0xac00)
  )
}
