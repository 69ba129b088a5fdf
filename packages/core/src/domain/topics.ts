/** A word people used, and in how many messages. */
export interface Topic {
  readonly word: string
  readonly count: number
}

const minWordLength = 3

// Words that say nothing of what a conversation is about. English; other languages fall back on frequency alone.
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

const segmenter = new Intl.Segmenter('en', { granularity: 'word' })

/** The words most messages share, most frequent first: no stop words, no punctuation, singular and plural as one. */
export function topTopics(texts: readonly string[], limit = 5): Topic[] {
  const seen = new Map<string, { count: number; forms: Map<string, number> }>()
  for (const text of texts) {
    for (const [stem, form] of wordsOf(text)) {
      const entry = seen.get(stem) ?? { count: 0, forms: new Map<string, number>() }
      entry.count++
      entry.forms.set(form, (entry.forms.get(form) ?? 0) + 1)
      seen.set(stem, entry)
    }
  }
  return [...seen.values()]
    .map(({ count, forms }) => ({ word: mostFrequent(forms), count }))
    .sort((one, other) => other.count - one.count || (one.word < other.word ? -1 : 1))
    .slice(0, limit)
}

/** Each stem of a text once, with the form it had there. */
function wordsOf(text: string): Map<string, string> {
  const words = new Map<string, string>()
  for (const { segment, isWordLike } of segmenter.segment(text.toLowerCase().normalize('NFC'))) {
    if (isWordLike !== true || segment.length < minWordLength) continue
    if (stopWords.has(segment) || /^[\d.,]+$/.test(segment)) continue
    words.set(singular(segment), segment)
  }
  return words
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
