import { termOfTopic, type TopicTerm, topicTermsOf } from '../terms/topic-terms.js'

/** A word or a phrase of the conversation, and the number of messages that contain it. */
export interface Topic {
  /** Of one word or two, as it was written last. */
  readonly word: string
  /** In how many messages. */
  readonly count: number
}

/** A word or phrase, and in how many messages it was, the one that came last at the end. */
export type CountedWord = readonly [form: string, count: number]

/** Counts of words and phrases, as they are kept. */
export interface KeptTopics {
  readonly words: readonly CountedWord[]
  readonly phrases: readonly CountedWord[]
}

// Topics are counted in this much of a message, and so many of its words: a longer message names its topic before that.
const scannedLength = 4000
const maxPerMessage = 40
const maxWords = 64
const maxPhrases = 32
const entryBytes = 200
const pair = /^\p{Script=Han}{2}$/u

/**
 * Counts the words and phrases that most messages share, without small words and punctuation, singular and plural as
 * one. It keeps the most frequent and the newest of them. The same messages in the same order give the same counts,
 * wherever one breaks off to keep them.
 */
export class TopicCounts {
  readonly #words: BoundedCounts
  readonly #phrases: BoundedCounts

  constructor(kept: KeptTopics = { words: [], phrases: [] }) {
    this.#words = new BoundedCounts(maxWords, kept.words)
    this.#phrases = new BoundedCounts(maxPhrases, kept.phrases)
  }

  /** Upper bound in memory. */
  get bytes(): number {
    return (this.#words.size + this.#phrases.size) * entryBytes
  }

  /** Counts a message: each word once. */
  add(text: string): void {
    let taken = 0
    for (const one of topicTermsOf(text.slice(0, scannedLength))) {
      if (one.isPhrase) this.#phrases.add(one)
      else this.#words.add(one)
      if (++taken === maxPerMessage) break
    }
    this.#words.prune()
    this.#phrases.prune()
  }

  kept(): KeptTopics {
    const kept = ({ form, count }: Entry): CountedWord => [form, count]
    return { words: this.#words.entries().map(kept), phrases: this.#phrases.entries().map(kept) }
  }

  /** The most frequent first: phrases in place of words that mostly stand in them. */
  top(limit = 5): Topic[] {
    const words = this.#words.entries()
    const counts = new Map(words.map(({ term, count }) => [term, count]))
    const phrases = this.#phrases
      .entries()
      .filter(({ count }) => count > 1)
      .map((phrase) => ({ ...phrase, parts: phrase.term.split(' ') }))
      .filter(({ count, parts }) => parts.some((part) => 2 * count > (counts.get(part) ?? 0)))
    const single = words.filter(
      ({ term, count }) => !phrases.some((phrase) => 2 * phrase.count > count && phrase.parts.includes(term)),
    )
    return [...phrases, ...joinPairs(single)]
      .map(({ form, count }) => ({ word: form, count }))
      .sort((one, other) => other.count - one.count || (one.word < other.word ? -1 : 1))
      .slice(0, limit)
  }
}

interface Entry {
  readonly term: string
  readonly form: string
  readonly count: number
}

/** Counts of the most frequent terms, and of the newest: a term that begins to matter late has its time to show it. */
class BoundedCounts {
  readonly #most: number
  /** By term, the one that came last at the end. */
  readonly #entries = new Map<string, Entry>()

  constructor(most: number, kept: readonly CountedWord[]) {
    this.#most = most
    for (const [form, count] of kept) {
      const term = termOfTopic(form)
      this.#entries.set(term, { term, form, count })
    }
  }

  get size(): number {
    return this.#entries.size
  }

  add({ term, form }: TopicTerm): void {
    const { form: known = form, count } = this.#entries.get(term) ?? { count: 0 }
    this.#entries.delete(term)
    this.#entries.set(term, { term, form: form.length < known.length ? form : known, count: count + 1 })
  }

  /** Drops what is neither among the most frequent half, nor among the newest. */
  prune(): void {
    if (this.#entries.size <= this.#most) return
    const newestFirst = this.entries().toReversed()
    const half = this.#most / 2
    const frequent = newestFirst.toSorted((one, other) => other.count - one.count).slice(0, half)
    const kept = new Set(frequent)
    for (const entry of newestFirst) if (kept.size < this.#most) kept.add(entry)
    for (const entry of newestFirst) if (!kept.has(entry)) this.#entries.delete(entry.term)
  }

  entries(): Entry[] {
    return [...this.#entries.values()]
  }
}

/** Pairs of Chinese characters that came equally often and go on with each other become one word. */
function joinPairs(entries: readonly Entry[]): readonly Pick<Entry, 'form' | 'count'>[] {
  const isPair = ({ form }: Entry): boolean => pair.test(form)
  const pairs = entries.filter(isPair)
  const open = new Set(pairs)
  const follows = (one: Entry, other: Entry): boolean =>
    one !== other && one.count === other.count && one.form.at(-1) === other.form[0]
  const words: Pick<Entry, 'form' | 'count'>[] = []
  // First the pairs that go on with none, so that a word begins where it begins.
  for (const first of pairs.toSorted((one, other) => starts(other) - starts(one))) {
    if (!open.delete(first)) continue
    let { form } = first
    for (let last = first, next: Entry | undefined; ; last = next) {
      next = [...open].find((other) => follows(last, other))
      if (next === undefined) break
      open.delete(next)
      form += next.form.at(-1)!
    }
    words.push({ form, count: first.count })
  }
  return [...entries.filter((entry) => !isPair(entry)), ...words]

  function starts(entry: Entry): number {
    return pairs.some((other) => follows(other, entry)) ? 0 : 1
  }
}

/** The words and phrases that most of the texts share, most frequent first. */
export function topTopics(texts: readonly string[], limit = 5): Topic[] {
  const counts = new TopicCounts()
  for (const text of texts) counts.add(text)
  return counts.top(limit)
}
