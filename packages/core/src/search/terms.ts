import { piecesOf } from '../terms/pieces.js'
import { baseOf } from '../terms/word-base.js'
import { termOf, wordsOf } from '../terms/words.js'

/** So much of a text is searched, as by recall: what stands behind it is rarely what somebody looks for. */
export const searchedLength = 65_536
/** So much of it in one step. */
export const charactersPerStep = 4096
// An index has no room for more of one message, and a query of more words finds nothing.
const maxTerms = 4000
const maxQueryWords = 16
const longestTerm = 40

/** The terms of a text and how often it has them, step by step. */
export function* searchTermsOf(text: string): Generator<void, Map<string, number>> {
  const counts = new Map<string, number>()
  for (const piece of piecesOf(text.slice(0, searchedLength), charactersPerStep)) {
    for (const word of wordsOf(piece)) {
      for (const term of termsOfWord(word)) {
        const count = counts.get(term)
        if (count !== undefined || counts.size < maxTerms) counts.set(term, (count ?? 0) + 1)
      }
    }
    yield
  }
  return counts
}

// Two characters of Chinese or Japanese are a word of `wordsOf`; one of them may be one, too.
const pair = /^\p{Script=Han}/u

function termsOfWord(word: string): readonly string[] {
  const term = searchTermOf(word)
  if (term === undefined) return []
  const [first, second] = word
  return pair.test(word) && second !== undefined
    ? [term, first!, ...(pair.test(second) ? [second] : [])]
    : [term]
}

/** The term that a word is found by; undefined for a word that says nothing. */
export function searchTermOf(word: string): string | undefined {
  const term = termOf(word)
  return term === undefined ? undefined : withoutEnding(term)
}

// Endings of Russian and its kin, the longest first: without them the cases of a noun are one term. A `й` has lost its
// mark by then.
const cyrillicEnding =
  /(?<=\p{Script=Cyrillic}{3})(?:иями|ями|ами|ого|его|ому|ему|ыми|ими|иях|ях|ах|ия|ие|ию|ии|ых|их|ыи|ои|еи|ая|яя|ое|ее|ые|ую|юю|ом|ем|ам|ям|ов|ев|[аяоеыиуюь])$/u

function withoutEnding(term: string): string {
  return cyrillicEnding.test(term) ? term.replace(cyrillicEnding, '') : term
}

/** What a search looks for. */
export interface SearchWords {
  /** All of them must be there. */
  readonly words: readonly QueryWord[]
  /** The query has nothing but words that say nothing: they are compared as they are, and no index has them. */
  readonly isLiteral: boolean
}

/** A word of a query. */
export interface QueryWord {
  readonly term: string
  /** Terms may begin with it, for its user may still be typing. */
  readonly prefix?: string
}

/** The words of a query. */
export function searchWordsOf(text: string): SearchWords {
  const written = wordsOf(text)
  const isOpen = /[\p{L}\p{N}\p{M}]$/u.test(text)
  const last = written.length - 1
  const words = new Map<string, QueryWord>()
  for (const [index, word] of written.entries()) {
    const term = searchTermOf(word)
    if (term === undefined) continue
    const prefix = prefixOf(word)
    const mayGoOn = isOpen && index === last && prefix !== undefined
    words.set(term, mayGoOn ? { term, prefix } : { term })
    if (words.size === maxQueryWords) break
  }
  if (words.size > 0) return { words: [...words.values()], isLiteral: false }
  const bare = new Set(written.map(plainOf))
  return { words: [...bare].slice(0, maxQueryWords).map((term) => ({ term })), isLiteral: true }
}

/** A word whose writer may go on, as terms begin; undefined for one that is too short for that, or is whole. */
function prefixOf(word: string): string | undefined {
  const base = baseOf(word).slice(0, longestTerm)
  return base.length < 2 || pair.test(base) ? undefined : base
}

/** A word as it is compared where words that say nothing count, too. */
export const plainOf = (word: string): string => baseOf(word.slice(0, longestTerm))

/** How much of what is searched for a text says, by what it holds itself; undefined unless it says all of it. */
export function scoreOf(
  counts: ReadonlyMap<string, number>,
  words: readonly QueryWord[],
): number | undefined {
  let score = 0
  for (const { term, prefix } of words) {
    let count = counts.get(term) ?? 0
    if (prefix !== undefined)
      for (const [other, often] of counts) if (other !== term && other.startsWith(prefix)) count += often
    if (count === 0) return undefined
    score += count / (count + 1)
  }
  return score / Math.log2(2 + counts.size)
}
