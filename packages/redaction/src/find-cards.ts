import { type MarkedText, unitBefore } from './marked-text.js'
import { isDigit, isWord, jointAt, type Look } from './span.js'

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
// For four digits, a bit for each length that cards with this beginning have.
const lengthsOf = new Uint32Array(10_000)
for (const { from, to, lengths } of issuers) {
  for (const length of lengths) for (let begin = from; begin <= to; begin++) lengthsOf[begin]! |= 1 << length
}
const beginsWith = new Uint8Array(10)
for (const { from } of issuers) beginsWith[Math.floor(from / 1000)] = 1

/** Card numbers: digits alone, or in groups; of a known issuer, with a right check digit. */
export function findCards({ units, runs }: MarkedText): Look {
  return runs.look(leastGroup, (found, start) => {
    const end = isBegin(units, start) ? endOfCard(units, start) : undefined
    if (end === undefined) return 0
    found.push(start, end)
    return end
  })
}

function isBegin(units: Uint16Array, place: number): boolean {
  const before = unitBefore(units, place)
  if (isWord(before) || before === plus || beginsWith[units[place]! - zero] === 0) return false
  // A fraction of a number.
  return !(isPoint(before) && isDigit(unitBefore(units, place - 1)))
}

/** The end of the longest card number that begins here. */
function endOfCard(units: Uint16Array, start: number): number | undefined {
  let count = 0
  let begin = 0
  // Luhn's sums, in which every second digit counts twice: the first of the digits and so on, or the second.
  let [sumFromFirst, sumFromSecond] = [0, 0]
  let lengths = 0
  let end: number | undefined
  for (let place = start; ;) {
    const first = place
    for (let unit = units[place]!; isDigit(unit); unit = units[++place]!) {
      if (count > most) return end
      const digit = unit - zero
      const twice = digit < 5 ? digit * 2 : digit * 2 - 9
      const isOdd = (count & 1) === 1
      sumFromFirst += isOdd ? digit : twice
      sumFromSecond += isOdd ? twice : digit
      if (count < 4) begin = begin * 10 + digit
      count++
      if (count === 4) {
        lengths = lengthsOf[begin]!
        if (lengths === 0) return undefined
      }
    }
    if (place - first < leastGroup || count > most) return end
    if ((lengths & (1 << count)) !== 0 && isEnd(units, place)) {
      // The last digit counts once.
      const sum = (count & 1) === 1 ? sumFromSecond : sumFromFirst
      if (sum % 10 === 0) end = place
    }
    const joint = jointAt(units, place)
    // Digits behind a long group and a dot are a fraction.
    if (joint === 0 || (isPoint(units[place]!) && place - first > longestGroup)) return end
    place += joint
    if (!isDigit(units[place]!)) return end
  }
}

function isEnd(units: Uint16Array, place: number): boolean {
  const unit = units[place]!
  return !isWord(unit) && !(isPoint(unit) && isDigit(units[place + 1]!))
}

function isPoint(unit: number): boolean {
  return unit === 0x2e || unit === 0x2c
}
