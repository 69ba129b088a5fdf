import { isDigit, isWord, type Look } from './span.js'

interface Issuer {
  readonly from: string
  readonly to: string
  readonly lengths: readonly number[]
}

const long = [16, 17, 18, 19]
const any = [13, 14, 15, 16, 17, 18, 19]
const issuers: readonly Issuer[] = [
  { from: '4', to: '4', lengths: [13, 16, 18, 19] },
  { from: '51', to: '55', lengths: [16] },
  { from: '2221', to: '2720', lengths: [16] },
  { from: '34', to: '34', lengths: [15] },
  { from: '37', to: '37', lengths: [15] },
  { from: '300', to: '305', lengths: [14, 15, ...long] },
  { from: '3095', to: '3095', lengths: [14, 15, ...long] },
  { from: '36', to: '36', lengths: [14, 15, ...long] },
  { from: '38', to: '39', lengths: [14, 15, ...long] },
  { from: '3528', to: '3589', lengths: long },
  { from: '2200', to: '2205', lengths: long },
  { from: '81', to: '82', lengths: long },
  { from: '50', to: '50', lengths: any },
  { from: '56', to: '58', lengths: any },
  // Discover, UnionPay, Maestro, RuPay and others.
  { from: '60', to: '69', lengths: any },
]
const firstDigits: ReadonlySet<string> = new Set(issuers.map(({ from }) => from[0]!))
const fewest = 13
const most = 19
// Four by four, or four, six and five: a shorter group is of something else.
const leastGroup = 3

/** Card numbers: digits alone, or in groups; of a known issuer, with a right check digit. */
export function findCards(text: string): Look {
  return (found, from, to) => {
    let place = from
    while (place < to) {
      const start = place++
      if (!isDigit(text.charCodeAt(start)) || !isBegin(text, start)) continue
      const end = endOfCard(text, start)
      if (end === undefined) continue
      found.push({ start, end })
      place = end
    }
    return place
  }
}

function isBegin(text: string, place: number): boolean {
  const before = text.charCodeAt(place - 1)
  if (isWord(before) || text[place - 1] === '+' || !firstDigits.has(text[place]!)) return false
  // A fraction of a number.
  return !(isPoint(text[place - 1]) && isDigit(text.charCodeAt(place - 2)))
}

/** The end of the longest card number that begins here. */
function endOfCard(text: string, start: number): number | undefined {
  let digits = ''
  let end: number | undefined
  for (let place = start; ;) {
    const next = endOfDigits(text, place, most + 1)
    if (next - place < leastGroup) return end
    digits += text.slice(place, next)
    if (digits.length > most) return end
    if (digits.length >= fewest && isEnd(text, next) && isCard(digits)) end = next
    const isJoined = text[next] === ' ' || text[next] === '-'
    if (!isJoined || !isDigit(text.charCodeAt(next + 1))) return end
    place = next + 1
  }
}

function isEnd(text: string, place: number): boolean {
  return !isWord(text.charCodeAt(place)) && !(isPoint(text[place]) && isDigit(text.charCodeAt(place + 1)))
}

function isPoint(char: string | undefined): boolean {
  return char === '.' || char === ','
}

function endOfDigits(text: string, start: number, atMost: number): number {
  let end = start
  while (end - start < atMost && isDigit(text.charCodeAt(end))) end++
  return end
}

function isCard(digits: string): boolean {
  const isIssued = issuers.some(({ from, to, lengths }) => {
    const prefix = digits.slice(0, from.length)
    return prefix >= from && prefix <= to && lengths.includes(digits.length)
  })
  return isIssued && hasCheckDigit(digits)
}

/** By Luhn's formula. */
function hasCheckDigit(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 0x30
    const value = index % 2 === 0 ? digit : digit * 2
    sum += value > 9 ? value - 9 : value
  }
  return sum % 10 === 0
}
