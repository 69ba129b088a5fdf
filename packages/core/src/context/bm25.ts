import { int32List, uint8List } from './number-list.js'
import { similarity } from './similar-words.js'
import { Vocabulary } from './vocabulary.js'
import { piecesOf } from '../terms/pieces.js'
import { isEnglish, termsOf } from '../terms/words.js'

// The usual constants of BM25.
const saturation = 1.2
const lengthWeight = 0.75

/** Terms by id, with their weights. */
export type WeightedTerms = ReadonlyMap<number, number>

/** The terms of a query, each with the terms of this index that are forms of the same word. */
export interface AskedTerms {
  /** Weight by term, 0 to 1. */
  readonly weights: WeightedTerms
  /** One entry for each word of the query: the terms that match it, best first. */
  readonly words: readonly (readonly [id: number, weight: number][])[]
}

// Only this much of a text is indexed: the search does not find later words of a very long message.
const mostText = 65_536
// So much text is read between two checks of the clock.
const pieceLength = 4096
// Words of a question that count; later words add nothing new.
const mostAsked = 64
const mostForms = 16
const fewestShared = 3

/**
 * An index of texts by their terms, for ranking by BM25. Places count from 0, in the order in which texts were added.
 */
export class TermIndex {
  readonly #vocabulary = new Vocabulary()
  // By term: its newest posting (+ 1; 0 is none), and how many texts contain it.
  readonly #newest = int32List()
  readonly #held = int32List()
  // By posting: its term, its place, its count, and the previous posting of the same term (+ 1).
  readonly #termOf = int32List()
  readonly #placeOf = int32List()
  readonly #countOf = uint8List()
  readonly #before = int32List()
  // By place: its first posting, and how long the text is.
  readonly #first = int32List()
  readonly #lengths = int32List()
  #totalLength = 0

  get size(): number {
    return this.#lengths.length
  }

  get bytes(): number {
    const lists = [this.#newest, this.#held, this.#termOf, this.#placeOf, this.#before, this.#first]
    const own = lists.reduce((sum, list) => sum + list.bytes, 0)
    return own + this.#vocabulary.bytes + this.#countOf.bytes + this.#lengths.bytes
  }

  /** Adds a text, and returns its place. Yields between its pieces. */
  *adding(text: string): Generator<void, number> {
    const counts = new Map<number, number>()
    let length = 0
    for (const piece of piecesOf(text.slice(0, mostText), pieceLength)) {
      for (const term of termsOf(piece)) {
        const id = this.#vocabulary.add(term)
        if (id === this.#newest.length) {
          this.#newest.push(0)
          this.#held.push(0)
        }
        length++
        counts.set(id, (counts.get(id) ?? 0) + 1)
      }
      yield
    }
    const place = this.size
    this.#first.push(this.#termOf.length)
    for (const [id, count] of counts) {
      this.#termOf.push(id)
      this.#placeOf.push(place)
      this.#countOf.push(Math.min(count, 255))
      this.#before.push(this.#newest.values[id]!)
      this.#newest.values[id] = this.#termOf.length
      this.#held.values[id]!++
    }
    this.#lengths.push(length)
    this.#totalLength += length
    return place
  }

  /** The terms of a text that some text of the index contains. */
  find(text: string): number[] {
    const ids = new Set<number>()
    for (const term of termsOf(text.slice(0, pieceLength))) {
      const id = this.#vocabulary.find(term)
      if (id !== undefined) ids.add(id)
    }
    return [...ids]
  }

  /** The terms of a query, and other forms of its words that some text of the index contains. */
  *asking(text: string): Generator<void, AskedTerms> {
    const asked = new Set<string>()
    for (const term of termsOf(text)) {
      asked.add(term)
      if (asked.size === mostAsked) break
    }
    // English words are stemmed; words of other languages are matched by their beginnings.
    const forms = yield* this.#formsOf(isEnglish(text) ? [] : [...asked])
    const weights = new Map<number, number>()
    const words: (readonly [number, number][])[] = []
    for (const term of asked) {
      const found: [number, number][] = []
      const id = this.#vocabulary.find(term)
      if (id !== undefined) found.push([id, 1])
      found.push(...(forms.get(term) ?? []))
      if (found.length === 0) continue
      words.push(found)
      for (const [form, weight] of found) weights.set(form, Math.max(weight, weights.get(form) ?? 0))
    }
    return { weights, words }
  }

  /** The distinct terms of the text at a place. */
  *termsAt(place: number): Generator<number> {
    const end = place + 1 < this.size ? this.#first.values[place + 1]! : this.#termOf.length
    for (let posting = this.#first.values[place]!; posting < end; posting++)
      yield this.#termOf.values[posting]!
  }

  /** How rare a term is: near 0 when every text contains it. */
  rarity(id: number): number {
    const held = this.#held.values[id]!
    return Math.log(1 + (this.size - held + 0.5) / (held + 0.5))
  }

  /** By place: BM25 of the terms, step by step. */
  *scoring(terms: WeightedTerms): Generator<void, Float64Array> {
    const scores = new Float64Array(this.size)
    const meanLength = this.#totalLength / this.size || 1
    let looked = 0
    for (const [id, weight] of terms) {
      yield
      const factor = weight * this.rarity(id) * (saturation + 1)
      for (let next = this.#newest.values[id]!; next !== 0; next = this.#before.values[next - 1]!) {
        if (++looked % postingsPerStep === 0) yield
        const place = this.#placeOf.values[next - 1]!
        const count = this.#countOf.values[next - 1]!
        const norm = 1 - lengthWeight + (lengthWeight * this.#lengths.values[place]!) / meanLength
        scores[place]! += (factor * count) / (count + saturation * norm)
      }
    }
    return scores
  }

  /**
   * By place: how much of the query the text contains, 0 to 1, rare words weighing more. Terms that only the text at
   * `except` contains do not count: that text is the question itself.
   */
  *sharing(words: AskedTerms['words'], except = -1): Generator<void, Float64Array> {
    const shares = new Float64Array(this.size)
    const best = new Float64Array(this.size)
    let total = 0
    let looked = 0
    for (const all of words) {
      const forms = all.filter(([id]) => this.#isHeldBeside(id, except))
      if (forms.length === 0) continue
      const [first, most] = forms[0]!
      const rarity = this.rarity(first)
      total += rarity
      const touched: number[] = []
      for (const [id, weight] of forms) {
        yield
        for (let next = this.#newest.values[id]!; next !== 0; next = this.#before.values[next - 1]!) {
          if (++looked % postingsPerStep === 0) yield
          const place = this.#placeOf.values[next - 1]!
          if (best[place] === 0) touched.push(place)
          best[place] = Math.max(best[place]!, weight / most)
        }
      }
      for (const place of touched) {
        shares[place]! += best[place]! * rarity
        best[place] = 0
      }
    }
    if (total > 0) for (let place = 0; place < shares.length; place++) shares[place]! /= total
    return shares
  }

  #isHeldBeside(id: number, place: number): boolean {
    const newest = this.#newest.values[id]!
    return newest !== 0 && (this.#held.values[id]! > 1 || this.#placeOf.values[newest - 1] !== place)
  }

  /** Terms of the index that are forms of the given ones, with their similarity. */
  *#formsOf(terms: readonly string[]): Generator<void, Map<string, [number, number][]>> {
    const byBeginning = new Map<number, string[]>()
    for (const term of terms) {
      if (term.length <= fewestShared) continue
      const key = beginningOf((index) => term.charCodeAt(index))
      const others = byBeginning.get(key)
      if (others === undefined) byBeginning.set(key, [term])
      else others.push(term)
    }
    const forms = new Map<string, [number, number][]>()
    if (byBeginning.size === 0) return forms
    const vocabulary = this.#vocabulary
    for (let id = 0; id < vocabulary.size; id++) {
      if (id % wordsPerStep === 0) yield
      const length = vocabulary.lengthOf(id)
      if (length < fewestShared) continue
      const asked = byBeginning.get(beginningOf((index) => vocabulary.letter(id, index)))
      if (asked === undefined) continue
      for (const term of asked) {
        const weight = similarity(term, length, (index) => vocabulary.letter(id, index))
        if (weight === 0) continue
        const found = forms.get(term) ?? []
        found.push([id, weight])
        forms.set(term, found)
      }
    }
    for (const [term, found] of forms) {
      forms.set(term, found.sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, mostForms))
    }
    return forms
  }
}

const wordsPerStep = 1000
// A posting takes far below a microsecond; a word of every message has as many as there are messages.
const postingsPerStep = 10_000

function beginningOf(letter: (index: number) => number): number {
  return (letter(0) * 65_536 + letter(1)) * 65_536 + letter(2)
}
