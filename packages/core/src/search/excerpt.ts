import type { SearchExcerpt } from '../domain/search.js'
import {
  charactersPerStep,
  plainOf,
  type QueryWord,
  searchedLength,
  searchTermOf,
  type SearchWords,
} from './terms.js'
import { placesOf } from '../terms/pieces.js'
import { evenly, wordsOf } from '../terms/words.js'
import { wellFormed } from '../context/well-formed.js'

// As much as a line of results shows.
const excerptLength = 200
const before = 60
// What is searched is longer, but a word stands at a place of its text in lower case only where that has its length.
const tokens = /[\p{L}\p{N}\p{M}]+(?:['’]\p{L}+)*/gu

type Mark = readonly [from: number, to: number]

/** The part of a text around the first word that was found, step by step. */
export function* excerptOf(text: string, found: SearchWords): Generator<void, SearchExcerpt> {
  let first: number | undefined
  let start = 0
  let end = 0
  const marks: Mark[] = []
  for (const [place, next] of placesOf(text.slice(0, searchedLength), charactersPerStep)) {
    if (first !== undefined && place >= end) break
    for (const [at, to] of foundIn(text.slice(place, next), found)) {
      const from = place + at
      if (first === undefined) {
        first = from
        start = first <= before ? 0 : startOfWord(text, first - before, first)
        // What is no word of a language may be as long as its text.
        const shown = Math.min(place + to, first + excerptLength)
        end = Math.min(text.length, Math.max(start + excerptLength, shown))
      } else if (place + to > end) continue
      const mark: Mark = [from, Math.min(place + to, end)]
      const last = marks.at(-1)
      if (last !== undefined && mark[0] <= last[1])
        marks[marks.length - 1] = [last[0], Math.max(last[1], mark[1])]
      else marks.push(mark)
    }
    yield
  }
  if (first === undefined) end = Math.min(text.length, excerptLength)
  const lead = start > 0 ? '… ' : ''
  const shown = wellFormed(text.slice(start, end))
  return {
    text: `${lead}${shown}${end < text.length ? ' …' : ''}`,
    marks: marks.map(([from, to]) => [from - start + lead.length, to - start + lead.length] as const),
  }
}

/** Where the first whole word after a place begins. */
function startOfWord(text: string, from: number, atMost: number): number {
  const space = text.indexOf(' ', from)
  if (space >= 0 && space < atMost) return space + 1
  const isInside = /[\udc00-\udfff]/.test(text.charAt(from))
  return isInside ? from + 1 : from
}

/** The places of what was found in a piece of a text. */
function* foundIn(piece: string, found: SearchWords): Generator<Mark, void> {
  for (const { 0: token, index } of piece.matchAll(tokens))
    for (const [from, to] of marksIn(token, found)) yield [index + from, index + to]
}

/** The parts of a run of letters that were found: all of it, or pairs of characters where a script has no spaces. */
function* marksIn(token: string, found: SearchWords): Generator<Mark, void> {
  const words = wordsOf(token)
  if (words.length === 1) {
    if (isFound(words[0]!, found)) yield [0, token.length]
    return
  }
  const lower = evenly(token)
  // Then no place in one is a place in the other.
  if (lower.length !== token.length) {
    if (words.some((word) => isFound(word, found))) yield [0, token.length]
    return
  }
  let from = 0
  for (const word of words) {
    const at = lower.indexOf(word, from)
    if (at < 0) continue
    from = at + 1
    if (isFound(word, found)) {
      yield [at, at + word.length]
      continue
    }
    for (const { term } of found.words) {
      // One character, as a word of its own.
      const inside = [...term].length === 1 ? word.indexOf(term) : -1
      if (inside >= 0) yield [at + inside, at + inside + term.length]
    }
  }
}

function isFound(word: string, { words, isLiteral }: SearchWords): boolean {
  const term = isLiteral ? plainOf(word) : searchTermOf(word)
  return term !== undefined && words.some((wanted) => isWanted(term, wanted))
}

const isWanted = (term: string, { term: wanted, prefix }: QueryWord): boolean =>
  term === wanted || (prefix !== undefined && term.startsWith(prefix))
