/** A word of the conversation, and the number of messages that contain it. */
export interface Topic {
  readonly word: string
  readonly count: number
}

const minWordLength = 3

// Words that say nothing about the topic of a conversation. English; for other languages frequency alone counts.
const stopWords = new Set(
  `a about above after again all also am an and any anything are aren't as ask at be because been before being below
  between both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each else few
  find first for from further get give go going good got great had has have haven't having he hello help her here hers
  hey hi him his how i i'd i'll i'm i've if in into is isn't it it's its just know last let let's like long look
  looking made make many may maybe me more most much must my need next nice no nor not now of off ok okay on once one
  only or other our out over own please right said same say see shall she should show so some something such sure take
  tell than thank thanks that that's the their them then there there's these they thing things think this those though
  through to too try two under until up us use very want was way we we're well were what what's when where which while
  who whom whose why will with won't would yeah yes yet you you'd you'll you're you've your yours`.split(
    /\s+/,
  ),
)

// Topics are counted in this much of a message; a longer message names its topic before that.
const scannedLength = 4000
const maxWordLength = 40
// When there are more words, the rarest are dropped: a real topic comes again.
const maxStems = 1000
const maxForms = 4
const entryBytes = 200

const runs = /[\p{L}\p{N}\p{M}]+(?:['’]\p{L}+)*/gu
// Scripts without spaces between words. Cutting them into words needs a dictionary, which is slow.
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const segmenter = new Intl.Segmenter('en', { granularity: 'word' })

/** Counts the words that most messages share: without stop words and punctuation, singular and plural as one. */
export class TopicCounts {
  #stems = new Map<string, { count: number; forms: Map<string, number> }>()

  /** Upper bound in memory. */
  get bytes(): number {
    return this.#stems.size * entryBytes
  }

  /** Counts a message: each word once, in its first 4,000 characters. */
  add(text: string): void {
    for (const [stem, form] of wordsOf(text.slice(0, scannedLength))) {
      let entry = this.#stems.get(stem)
      if (entry === undefined) this.#stems.set(stem, (entry = { count: 0, forms: new Map() }))
      entry.count++
      const { forms } = entry
      if (forms.has(form) || forms.size < maxForms) forms.set(form, (forms.get(form) ?? 0) + 1)
    }
    if (this.#stems.size > 2 * maxStems) this.#prune()
  }

  /** The most frequent first. */
  top(limit = 5): Topic[] {
    return [...this.#stems.values()]
      .map(({ count, forms }) => ({ word: mostFrequent(forms), count }))
      .sort((one, other) => other.count - one.count || (one.word < other.word ? -1 : 1))
      .slice(0, limit)
  }

  #prune(): void {
    const byCount = [...this.#stems].toSorted(([, one], [, other]) => other.count - one.count)
    this.#stems = new Map(byCount.slice(0, maxStems))
  }
}

/** The words that most of the texts share, most frequent first. */
export function topTopics(texts: readonly string[], limit = 5): Topic[] {
  const counts = new TopicCounts()
  for (const text of texts) counts.add(text)
  return counts.top(limit)
}

/** Each stem of a text once, with the form it had there. */
function wordsOf(text: string): Map<string, string> {
  const words = new Map<string, string>()
  for (const [run] of text.toLowerCase().normalize('NFC').matchAll(runs)) {
    for (const word of unspaced.test(run) ? segmented(run) : [run]) {
      if (word.length < minWordLength && !unspaced.test(word)) continue
      if (word.length > maxWordLength || stopWords.has(word) || /^\p{N}+$/u.test(word)) continue
      words.set(singular(word), word)
    }
  }
  return words
}

function segmented(run: string): string[] {
  return Array.from(segmenter.segment(run), ({ segment }) => segment).filter((word) => word.length > 1)
}

function singular(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`
  if (word.length > 3 && word.endsWith('s') && !word.endsWith('ss') && !word.endsWith('us'))
    return word.slice(0, -1)
  return word
}

function mostFrequent(forms: Map<string, number>): string {
  let best = ''
  for (const [form, count] of forms) {
    const lead = count - (forms.get(best) ?? 0)
    if (lead > 0 || (lead === 0 && form.length < best.length)) best = form
  }
  return best
}
