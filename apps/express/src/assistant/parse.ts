import { normalize, readNames, wordsOf } from '../catalogue/words.js'
import type { Conversation } from './conversation.js'
import type { Intent } from './intent.js'
import { parseCart } from './parse-cart.js'
import { parsePreferences } from './parse-preferences.js'
import { parseRecall } from './parse-recall.js'
import { parseSearch } from './parse-search.js'
import { readTarget, resolveTarget, type Target } from './targets.js'

// Nobody says what they want later than this, and rules take the longer the more there is to read.
const readCharacters = 4000

/** What a shopper means by a text, in this phase of the conversation. Pure. */
export function parse(said: string, conversation: Conversation): Intent {
  const text = normalize(said.slice(0, readCharacters))
  return (
    parseSmallTalk(text) ??
    parseRecall(text) ??
    parsePreferences(text, conversation) ??
    parseCart(text, conversation) ??
    parseProducts(text, conversation) ??
    parseSearch(text, conversation) ?? { type: 'unknown' }
  )
}

const pleasantries = new Set(
  `hi hello hey hiya yo good morning evening afternoon day there again thanks thank you so very much many a lot great
  ok okay cool nice perfect awesome bye goodbye see ya later cheers thx ty for your the help please`.split(
    /\s+/,
  ),
)

/** Talk without a request; a text that also has a request is left to the other parsers. */
function parseSmallTalk(text: string): Intent | undefined {
  if (
    /^(help|\?|(please )?help me|what can you do.*|how does (this|it) work.*|what can i (ask|say|do).*)$/.test(
      text,
    )
  ) {
    return { type: 'help' }
  }
  const words = wordsOf(text)
  if (words.length === 0 || !words.every((word) => pleasantries.has(word))) return undefined
  if (/\b(thanks?|thx|ty|cheers)\b/.test(text)) return { type: 'thanks' }
  if (/\b(bye|goodbye|see (you|ya)|later)\b/.test(text)) return { type: 'bye' }
  if (/\b(hi|hello|hey|hiya|yo|morning|evening|afternoon|day)\b/.test(text)) return { type: 'greet' }
  return /\b(great|ok|okay|cool|nice|perfect|awesome)\b/.test(text) ? { type: 'thanks' } : undefined
}

/** Asks about products that were named or shown. */
function parseProducts(text: string, { shown, focus }: Conversation): Intent | undefined {
  const resolves = (target: Target | undefined): target is Target =>
    target !== undefined && resolveTarget(target, shown, focus).length > 0

  if (/\b(compare|comparison|difference|differ|versus|vs|which (one )?(is|of .*) better)\b/.test(text)) {
    const bare = text
      .replace(/\b(compare|comparison|difference|between|differ|which is better|of)\b/g, ' ')
      .trim()
    const target = readTarget(bare) ?? { kind: 'places', places: [1, 2] }
    if (target.kind !== 'category' && target.kind !== 'it') return { type: 'compare', target }
    return { type: 'compare', target: { kind: 'places', places: [1, 2] } }
  }
  const details =
    /\b(tell me (more )?about|more about|details?( (of|on|about))?|describe|information|info|specs?|how much (is|are|does|do)|price of|what is|what's|how good|rating of|what about|(do you|have you got|got any) ?(have|sell|carry)?( any)?)\b/
  if (details.test(text)) {
    const target = readTarget(
      text
        .replace(details, ' ')
        .replace(/\b(the|cost)\b/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    // `What about headphones?` asks for other products, `what about the second one?` for this one.
    if (resolves(target) && target.kind !== 'category' && target.kind !== 'all')
      return { type: 'detail', target }
  }
  if (/^(and )?(the )?\w+( one)?( please)?$/.test(text)) {
    const target = readTarget(text)
    if (target?.kind === 'places' && resolves(target)) return { type: 'detail', target }
  }
  const question = /^(?:and )?(?:does|do|is|are|has|have|can) (.+)$/.exec(text)
  if (question !== null && /\b(it|that|this|one|they|first|second|third|last)\b/.test(text)) {
    const places = readTarget(question[1]!.replace(/[^ ]*$/, ''))
    const target: Target = places?.kind === 'places' ? places : { kind: 'it' }
    const [product] = resolveTarget(target, shown, focus)
    const feature = product === undefined ? undefined : askedFeature(text)
    if (feature !== undefined) return { type: 'detail', target, feature }
    if (product !== undefined && /\b(good|worth|any good)\b/.test(text)) return { type: 'detail', target }
  }
  return undefined
}

function askedFeature(text: string): string | undefined {
  const { words, category } = readNames(text)
  return words.length > 0 ? words.join(' ') : category
}
