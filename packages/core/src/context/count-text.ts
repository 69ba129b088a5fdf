import { knownWords } from './known-words.js'
import { atOnce } from '../async/slices.js'
import { costOfCode } from './script-costs.js'

const lower = 1
const upper = 2
const digit = 3
const space = 4
const line = 5
const mark = 6
const accented = 7
const other = 8

// The language is decided for each piece: a result in JSON may contain several.
const pieceLength = 1500
// Between these shares of known words, a text counts as a mixture.
const foreignShare = 0.3
const englishShare = 0.5
// A run of letters and digits this long and this mixed is no word: it is a hash, a key, base64.
const leastOfBytes = 12

/**
 * Tokens of a text. It never looks back, so the time depends on the length alone. Words of English and of code are
 * known or short. Words of other languages in Latin letters count by letter, more with accents. Other scripts count by
 * character.
 */
export function countText(text: string): number {
  return atOnce(countingText(text))
}

/** As `countText`, step by step. */
export function* countingText(text: string): Generator<void, number> {
  let tokens = 0
  for (let start = 0; start < text.length;) {
    const end = endOfPiece(text, start)
    tokens += countPiece(text, start, end)
    start = end
    if (start < text.length) yield
  }
  return Math.ceil(tokens)
}

/** At a space in its second half, if there is one. */
function endOfPiece(text: string, start: number): number {
  const end = start + pieceLength
  if (end >= text.length) return text.length
  // Not in the text itself, which may have no space in all that stands before.
  const middle = start + pieceLength / 2 + 1
  const gap = text.slice(middle, end + 1).lastIndexOf(' ')
  return gap < 0 ? end : middle + gap
}

function countPiece(text: string, start: number, end: number): number {
  let tokens = 0
  // Unknown words, with their tokens in English and in other languages.
  let english = 0
  let foreign = 0
  let words = 0
  let known = 0
  let index = start
  while (index < end) {
    const kind = kindAt(text, index)
    const from = index++
    if (kind === lower || kind === upper || kind === accented || kind === digit) {
      const run = runAt(text, from, end)
      index = run.end
      if (run.isBytes) {
        tokens += run.cost
        continue
      }
      for (let word = from; word < index;) {
        const stop = wordEnd(text, word, index)
        if (kindAt(text, word) === digit) tokens += Math.ceil((stop - word) / 3)
        else {
          words++
          const piece = text.slice(word, stop)
          if (isKnown(piece)) {
            known++
            tokens += 1
          } else {
            english += englishCost(piece)
            foreign += foreignCost(piece)
          }
        }
        word = stop
      }
    } else if (kind === space) {
      // A single space belongs to the next word, but not to a number.
      while (index < end && kindAt(text, index) === space) index++
      if (index - from > 1) tokens += 1 + (index - from) / 30
      else if (index < end && kindAt(text, index) === digit) tokens += 1
    } else if (kind === line) {
      while (index < end && (kindAt(text, index) === line || kindAt(text, index) === space)) index++
      tokens += 1 + (index - from) / 30
    } else if (kind === mark) {
      while (index < end && kindAt(text, index) === mark) index++
      tokens += markCost(text, from, index)
    } else {
      const code = text.codePointAt(from)!
      if (code > 0xffff) index++
      tokens += costOfCode(code)
    }
  }
  const share = words === 0 ? 1 : known / words
  const weight = Math.min(1, Math.max(0, (share - foreignShare) / (englishShare - foreignShare)))
  return tokens + weight * english + (1 - weight) * foreign
}

/** A run of letters and digits, and whether it is encoded bytes. */
function runAt(text: string, from: number, limit: number): { end: number; isBytes: boolean; cost: number } {
  let end = from
  let digits = 0
  let changes = 0
  let capitals = 0
  let before = 0
  for (; end < limit; end++) {
    const kind = kindAt(text, end)
    if (kind > digit) break
    if (kind === digit) digits++
    if (kind === upper) capitals++
    if (before !== 0 && kind !== before && !(before === upper && kind === lower)) changes++
    before = kind
  }
  const length = end - from
  const isBytes = length >= leastOfBytes && changes * 8 >= length
  if (!isBytes && end < limit && kindAt(text, end) === accented) {
    while (end < limit && (kindAt(text, end) <= digit || kindAt(text, end) === accented)) end++
  }
  if (end === from)
    while (end < limit && (kindAt(text, end) <= digit || kindAt(text, end) === accented)) end++
  // Hexadecimal has fewer different letters than base64.
  return { end, isBytes, cost: length * (capitals * 8 >= length && digits * 3 < length ? 0.8 : 0.68) }
}

/** Where a word ends: at a digit, or at a capital after a small letter. */
function wordEnd(text: string, from: number, limit: number): number {
  const first = kindAt(text, from)
  let end = from + 1
  if (first === digit) {
    while (end < limit && kindAt(text, end) === digit) end++
    return end
  }
  let isSmall = first === lower || first === accented
  for (; end < limit; end++) {
    const kind = kindAt(text, end)
    if (kind === digit || (isSmall && kind === upper)) break
    if (kind === lower || kind === accented) isSmall = true
  }
  return end
}

const endings = ['ing', 'ed', 'es', 'ly', 'er', 's', 'd']

function isKnown(word: string): boolean {
  return word.length <= 16 && knownWords.has(word.toLowerCase())
}

/** Tokenizers seldom cut English words before the eighth letter; capitals have few words of their own. */
function englishCost(word: string): number {
  if (word.length > 1 && word === word.toUpperCase()) return Math.max(1, word.length / 1.9)
  const small = word.toLowerCase()
  for (const ending of endings) {
    if (small.endsWith(ending) && knownWords.has(small.slice(0, -ending.length))) return 1.3
  }
  return 1.15 + Math.max(0, word.length - 5) / 5
}

const perWord = 1.25
const perLetter = 0.5
const perAccent = 0.65
const perRareAccent = 1.55
const perMark = 2

function foreignCost(word: string): number {
  let cost = perWord + Math.max(0, word.length - 3) * perLetter
  for (let index = 0; index < word.length; index++) {
    const unit = word.charCodeAt(index)
    if (unit >= 0x300 && unit < 0x370) cost += perMark
    else if (unit >= 0x80) cost += unit >= 0x250 ? perRareAccent : perAccent
  }
  return cost
}

/** Signs: tokenizers know the usual pairs in code, and a repeated sign takes few tokens. */
function markCost(text: string, from: number, end: number): number {
  const length = end - from
  if (length === 1) return 1
  let same = 1
  while (from + same < end && text.charCodeAt(from + same) === text.charCodeAt(from)) same++
  return same === length && length > 4 ? Math.max(1, length / 4) : Math.max(1, length * 0.5)
}

function kindAt(text: string, index: number): number {
  return kinds[text.charCodeAt(index)]!
}

// One look-up a character: this runs over every text that is stored.
const kinds = Uint8Array.from({ length: 0x10000 }, (_, unit) => kindOf(unit))

function kindOf(unit: number): number {
  if (unit < 0x80) {
    if (unit >= 0x61 && unit <= 0x7a) return lower
    if (unit >= 0x41 && unit <= 0x5a) return upper
    if (unit >= 0x30 && unit <= 0x39) return digit
    if (unit === 0x20 || unit === 0x09) return space
    return unit === 0x0a || unit === 0x0d ? line : mark
  }
  if (unit < 0x250) return unit < 0xc0 ? mark : accented
  // Marks of Latin letters, and letters of Vietnamese.
  if (unit < 0x370 || (unit >= 0x1e00 && unit < 0x1f00)) return accented
  return other
}
