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
// In addresses of the web, `%40` and `%2B` stand for these.
const [percent, at, plus] = [0x25, 0x40, 0x2b]
const pieceLength = 8192
const zerosBehind = 8

let table: Uint16Array | undefined

/**
 * The UTF-16 units of a text, with digits of all scripts, and all kinds of spaces and dashes, as those of ASCII, and with
 * `%40` and `%2B` as `%%@` and `%%+`: a place in one is the same place in the other. And whether these are the units of the
 * text itself. It yields between pieces.
 */
export function* toPlainUnits(
  text: string,
): Generator<undefined, readonly [units: Uint16Array, isPlain: boolean], undefined> {
  const { length } = text
  const isOfAscii = isAscii(text)
  const units = isOfAscii ? unitsOfAscii(text) : unitsOf(text)
  if (isOfAscii && !text.includes('%')) return [units, true]
  table ??= plainUnits()
  for (let from = 0; from < length; from += pieceLength, yield) {
    makePlain(units.subarray(from, Math.min(from + pieceLength, length)), table)
  }
  for (let from = units.indexOf(percent); from !== -1; from = units.indexOf(percent, from), yield) {
    from = makeSigns(units, from, Math.min(from + pieceLength, length))
  }
  return [units, false]
}

/** The UTF-16 units of a text, with some zeros behind. */
export function unitsOf(text: string): Uint16Array<ArrayBuffer> {
  const units = new Uint16Array(text.length + zerosBehind)
  Buffer.from(units.buffer).write(text, 'utf16le')
  return units
}

function unitsOfAscii(text: string): Uint16Array {
  const units = new Uint16Array(text.length + zerosBehind)
  // A copy of bytes takes a twentieth of the time in which they become units one by one.
  units.set(Buffer.from(text, 'latin1'))
  return units
}

/** Whether a text has signs of ASCII alone and no tab, and is as plain as it gets. */
export function isAscii(text: string): boolean {
  // That is told ten times faster than by looking at each sign.
  return Buffer.byteLength(text) === text.length && !text.includes('\t')
}

function makePlain(units: Uint16Array, plain: Uint16Array): void {
  for (let index = 0; index < units.length; index++) units[index] = plain[units[index]!]!
}

/** Puts signs in place of what stands for them, and says where to go on. */
function makeSigns(units: Uint16Array, from: number, to: number): number {
  for (let place = from; place < to; place++) {
    if (units[place] !== percent) continue
    const sign = signOf(units[place + 1]!, units[place + 2]!)
    if (sign === undefined) continue
    units[place + 1] = percent
    units[place + 2] = sign
    place += 2
  }
  return to
}

function signOf(first: number, second: number): number | undefined {
  if (first === 0x34 && second === 0x30) return at
  return first === 0x32 && (second === 0x42 || second === 0x62) ? plus : undefined
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
