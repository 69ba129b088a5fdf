import { termOf, wordsOf } from './words.js'

// The usual constants of BM25.
const saturation = 1.2
const lengthWeight = 0.75

/** Terms by id, with how much each counts. */
export type WeightedTerms = ReadonlyMap<number, number>

/** Texts by the stems they hold, for ranking by BM25. Places count from 0, in the order texts came. */
export class TermIndex {
  /** By place: the distinct terms of the text. */
  readonly terms: (readonly number[])[] = []
  readonly #termIds = new Map<string, number>()
  readonly #wordIds = new Map<string, number>()
  // By term: place, count, place, count, and so on. Flat, because there are many.
  readonly #postings: number[][] = []
  readonly #lengths: number[] = []
  #totalLength = 0

  get size(): number {
    return this.#lengths.length
  }

  /** Takes a text in, and gives its place. */
  add(text: string): number {
    const place = this.#lengths.length
    const counts = new Map<number, number>()
    let length = 0
    for (const word of wordsOf(text)) {
      const id = this.#idOf(word)
      if (id < 0) continue
      length++
      counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    for (const [id, count] of counts) this.#postings[id]!.push(place, count)
    this.#lengths.push(length)
    this.#totalLength += length
    this.terms.push([...counts.keys()])
    return place
  }

  /** The terms of a text that some text here holds. */
  find(text: string): number[] {
    const ids = new Set<number>()
    for (const word of wordsOf(text)) {
      const term = termOf(word)
      const id = term === undefined ? undefined : this.#termIds.get(term)
      if (id !== undefined) ids.add(id)
    }
    return [...ids]
  }

  /** How rare a term is: near 0 when every text holds it. */
  rarity(id: number): number {
    const held = this.#postings[id]!.length / 2
    return Math.log(1 + (this.size - held + 0.5) / (held + 0.5))
  }

  /** By place: BM25 of the terms. */
  score(terms: WeightedTerms): Float64Array {
    const scores = new Float64Array(this.size)
    const meanLength = this.#totalLength / this.size || 1
    for (const [id, weight] of terms) {
      const list = this.#postings[id]!
      const factor = weight * this.rarity(id) * (saturation + 1)
      for (let index = 0; index < list.length; index += 2) {
        const place = list[index]!
        const count = list[index + 1]!
        const norm = 1 - lengthWeight + (lengthWeight * this.#lengths[place]!) / meanLength
        scores[place]! += (factor * count) / (count + saturation * norm)
      }
    }
    return scores
  }

  /** By place: how much of the terms the text holds, 0 to 1, rare terms weighing more. */
  shares(terms: Iterable<number>): Float64Array {
    const shares = new Float64Array(this.size)
    let total = 0
    for (const id of terms) {
      const weight = this.rarity(id)
      total += weight
      const list = this.#postings[id]!
      for (let index = 0; index < list.length; index += 2) shares[list[index]!]! += weight
    }
    if (total > 0) for (let place = 0; place < shares.length; place++) shares[place]! /= total
    return shares
  }

  /** Below 0 for a word that says nothing. Each word is stemmed once. */
  #idOf(word: string): number {
    let id = this.#wordIds.get(word)
    if (id !== undefined) return id
    const term = termOf(word)
    id = term === undefined ? -1 : (this.#termIds.get(term) ?? this.#postings.length)
    if (term !== undefined && id === this.#postings.length) {
      this.#termIds.set(term, id)
      this.#postings.push([])
    }
    this.#wordIds.set(word, id)
    return id
  }
}
