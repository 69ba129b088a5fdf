import { UnitText } from './unit-text.js'

// The zeros of decimal digits, each followed by the digits up to nine, in the scripts that people type numbers in.
const zeros = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
  0xf20, 0x1040, 0x17e0, 0x1810, 0xff10,
]
const spaces = /[\u00a0\u1680\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff\t]/
const dashes = /[\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/
const others: Readonly<Record<string, string>> = {
  '\uff0b': '+',
  '\uff20': '@',
  '\uff0e': '.',
  '\u3002': '.',
  '\uff1a': ':',
  '\uff08': '(',
  '\uff09': ')',
  '\uff0f': '/',
}
const ascii = /^[^\t\u0080-\uffff]*$/
const pieceLength = 8192

let table: Uint16Array | undefined

/**
 * The text with digits of all scripts, and all kinds of spaces and dashes, as those of ASCII. It is as long as the text,
 * so a place in one is the same place in the other. It yields between pieces.
 */
export function* toPlainText(text: UnitText): Generator<undefined, UnitText, undefined> {
  if (!text.isWide && ascii.test(text.string)) return text
  table ??= plainUnits()
  const plain = text.units.slice()
  const { length } = text
  let changes = 0
  let bits = 0
  for (let from = 0; from < length; from += pieceLength, yield) {
    const to = Math.min(from + pieceLength, length)
    for (let index = from; index < to; index++) {
      const unit = table[plain[index]!]!
      changes |= unit ^ plain[index]!
      bits |= unit
      plain[index] = unit
    }
  }
  return changes === 0 ? text : UnitText.ofUnits(plain, length, bits > 0xff)
}

/** For each UTF-16 unit the one that takes its place. */
function plainUnits(): Uint16Array {
  const units = new Uint16Array(0x10000)
  for (let unit = 0; unit < units.length; unit++) units[unit] = plainUnit(unit)
  for (const zero of zeros) for (let digit = 0; digit < 10; digit++) units[zero + digit] = 0x30 + digit
  return units
}

function plainUnit(unit: number): number {
  const char = String.fromCharCode(unit)
  if (spaces.test(char)) return 0x20
  if (dashes.test(char)) return 0x2d
  return (others[char] ?? char).charCodeAt(0)
}
