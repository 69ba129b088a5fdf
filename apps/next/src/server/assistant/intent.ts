import { namedProducts, type Product, searchProducts, wordsOf } from '../catalogue.ts'

/** The products that a text means: by name, or by their place in the last list. */
export type Target =
  | { readonly by: 'name'; readonly products: readonly Product[] }
  | { readonly by: 'place'; readonly place: number }
  | { readonly by: 'extreme'; readonly extreme: 'cheapest' | 'dearest' }
  | { readonly by: 'it' }

export interface Likings {
  readonly name?: string
  /** In euros. */
  readonly budget?: number
  readonly likes?: readonly string[]
  readonly dislikes?: readonly string[]
}

/** The request of a user, as far as rules can tell. */
export type Intent =
  | { readonly type: 'greet' | 'thanks' | 'bye' | 'help' | 'self' | 'impossible' | 'unknown' }
  | { readonly type: 'recall'; readonly what: 'first' | 'last' | 'answer' | 'all' }
  | { readonly type: 'known' | 'cart' | 'clear' | 'checkout' | 'orders' }
  | { readonly type: 'remember'; readonly likings: Likings }
  | { readonly type: 'forget'; readonly what: 'name' | 'budget' | 'likes' | 'dislikes' | 'all' }
  | { readonly type: 'add' | 'remove'; readonly target: Target; readonly quantity: number | undefined }
  | { readonly type: 'search'; readonly query: string; readonly maxPrice: number | undefined }
  | { readonly type: 'story'; readonly about: string | undefined }

type Rule = (text: string) => Intent | undefined

const when =
  (pattern: RegExp, intent: Intent | ((match: RegExpExecArray, text: string) => Intent | undefined)): Rule =>
  (text) => {
    const match = pattern.exec(text)
    if (match === null) return undefined
    return typeof intent === 'function' ? intent(match, text) : intent
  }

// In order: the first matching rule decides.
const rules: readonly Rule[] = [
  when(/\b(what|repeat).*\b(did|have) you (just )?(say|said|tell|told|answer)/i, {
    type: 'recall',
    what: 'answer',
  }),
  when(
    /\bwhat\b.*\bI (say|said|ask|asked|write|wrote|tell|told)\b.*\b(first|in the beginning)|\bmy (very )?first (question|message)/i,
    {
      type: 'recall',
      what: 'first',
    },
  ),
  when(
    /\bwhat\b.*\bI (just )?(say|said|ask|asked|write|wrote|tell|told)\b|\bmy (last|previous) (question|message)/i,
    {
      type: 'recall',
      what: 'last',
    },
  ),
  when(/\b(sum up|summari[sz]e|what (have|did) we (talk|discuss|speak))/i, { type: 'recall', what: 'all' }),
  when(
    /\b(what|who) (do|did) you (know|remember)\b|\bwhat do I like\b|\bmy preferences\b|\bwho am I\b|\bwhat('s| is) my (name|budget)\b/i,
    {
      type: 'known',
    },
  ),
  when(/\bforget\b.*?\b(name|budget|likes?|dislikes?|everything|all|me)\b/i, ([, what]) => ({
    type: 'forget',
    what: forgettable(what!.toLowerCase()),
  })),
  when(
    /\b(tell|read|write|give|want|like) (me )?.*\bstory\b(?:\s+(?:about|of|with)\s+(.+?))?[.!?]*$|^\s*(?:a )?(?:long )?story\b/i,
    ([, , , about]) => ({
      type: 'story',
      about,
    }),
  ),
  (text) => likingsIn(text),
  when(
    /\b(what('s| is)?|show|see|view|open|list|how (much|many))\b.*\b(cart|basket|bag total)\b|^\s*(my )?(cart|basket)\s*[.?!]*$|\bhow much (is|does) (it|that|everything|all)\b/i,
    {
      type: 'cart',
    },
  ),
  when(/\b(empty|clear)\b.*\b(cart|basket)|\bremove (everything|all)\b/i, { type: 'clear' }),
  when(/\bwhat\b.*\bI (order|ordered|buy|bought)\b|\bmy orders?\b/i, { type: 'orders' }),
  when(
    /\bcheck\s?out\b|\bplace (the|my) order\b|\b(order|buy|pay for) (it|them|this|everything|all|the cart)( all)?\s*[.!]*$/i,
    {
      type: 'checkout',
    },
  ),
  when(
    /\b(?:delete|take)\b.*\b(?:from|out of)\b.*\b(?:cart|basket)|\b(?:remove|drop|take out|put back)\b/i,
    (_, text) => change('remove', text),
  ),
  when(/\b(?:add|put|order|buy|take|get me|I'll have|I will have)\b/i, (_, text) => change('add', text)),
  when(
    /\b(are|who|what) (are )?you\b.*|\byour name\b|\bare you (an? )?(real|human|ai|bot|robot|model|gpt|llm)/i,
    (_, text) => (/what can you|how are you/i.test(text) ? undefined : { type: 'self' }),
  ),
  when(/\b(help|what can (you|I) (do|say|ask))\b/i, { type: 'help' }),
  when(
    /\b(weather|forecast|news|email|e-mail|phone call|internet|google|translate|flight|hotel|stock market|(what|which) (time|day|date)|homework|code|program|picture|image|calculate|solve)\b/i,
    {
      type: 'impossible',
    },
  ),
  when(
    /^\s*(hi|hello|hey|good (morning|afternoon|evening|day)|moin|hallo|how are you)( (there|again|to you))?\s*[!.?]*\s*$/i,
    {
      type: 'greet',
    },
  ),
  when(/\b(bye|goodbye|good night|see you)\b/i, { type: 'bye' }),
  (text) => wish(text),
  when(/\b(thanks|thank you|cheers|great|perfect|lovely)\b/i, { type: 'thanks' }),
  when(/^\s*(hi|hello|hey|good (morning|afternoon|evening|day)|moin|hallo|how are you)\b/i, {
    type: 'greet',
  }),
]

// The request stands at the beginning of a text. The rules try every pair of words, so a long text would block the
// process.
const readCharacters = 500

/** The intent of the beginning of a text. The same text has the same intent. */
export function parseIntent(said: string): Intent {
  const text = said.slice(0, readCharacters).replaceAll('’', "'").replaceAll(/\s+/g, ' ').trim()
  for (const rule of rules) {
    const intent = rule(text)
    if (intent !== undefined) return intent
  }
  return { type: 'unknown' }
}

function forgettable(what: string): Extract<Intent, { type: 'forget' }>['what'] {
  if (what === 'name' || what === 'budget') return what
  if (what.startsWith('like')) return 'likes'
  return what.startsWith('dislike') ? 'dislikes' : 'all'
}

function likingsIn(text: string): Intent | undefined {
  const name = /\b(?:my name is|call me) (\p{Lu}[\p{L}'-]{1,30})/iu.exec(text)?.[1]
  const budget = /\bbudget\b[^\d]{0,30}(\d{1,6}(?:[.,]\d{1,2})?)/i.exec(text)?.[1]
  const likes = /\bI (?:really |also |do )?(?:like|love|prefer|enjoy|adore) ([^.!?]+)/i.exec(text)?.[1]
  const dislikes =
    /\bI (?:really |also )?(?:(?:do not|don't|can't) (?:like|stand|want)|dislike|hate) ([^.!?]+)/i.exec(
      text,
    )?.[1]
  if ([name, budget, likes, dislikes].every((found) => found === undefined)) return undefined
  return {
    type: 'remember',
    likings: {
      ...(name === undefined ? {} : { name }),
      ...(budget === undefined ? {} : { budget: Number(budget.replace(',', '.')) }),
      ...(likes === undefined ? {} : { likes: itemsIn(likes) }),
      ...(dislikes === undefined ? {} : { dislikes: itemsIn(dislikes) }),
    },
  }
}

function itemsIn(list: string): string[] {
  return list
    .split(/,|\band\b|\bor\b|\bbut\b.*/)
    .map((item) =>
      item
        .replace(/^\s*(?:the|a|an|some|any)\s+/, '')
        .trim()
        .toLowerCase(),
    )
    .filter((item) => item !== '' && item.length <= 60 && !/\b(?:budget|name|I|you)\b/i.test(item))
    .slice(0, 10)
}

function change(type: 'add' | 'remove', text: string): Intent | undefined {
  const target = targetIn(text)
  if (target === undefined) return undefined
  if (target.by !== 'name') return { type, target, quantity: quantityIn(wordsOf(text)) }
  // The “six” of “Six Wooden Dice” is no number, and neither is the “one” of “the first one”.
  const name = wordsOf(target.products[0]!.name)
  const counting = wordsOf(text).filter((word) => !name.includes(word))
  return { type, target, quantity: quantityIn(counting) ?? (counting.includes('one') ? 1 : undefined) }
}

const places: Readonly<Record<string, number>> = {
  first: 1,
  second: 2,
  third: 3,
  fourth: 4,
  fifth: 5,
  last: -1,
}

function targetIn(text: string): Target | undefined {
  const products = namedProducts(text)
  if (products.length > 0) return { by: 'name', products }
  const place = /\b(first|second|third|fourth|fifth|last)\b/i.exec(text)?.[1]
  if (place !== undefined) return { by: 'place', place: places[place.toLowerCase()]! }
  const extreme = /\b(cheapest|dearest|most expensive)\b/i.exec(text)?.[1]
  if (extreme !== undefined)
    return { by: 'extreme', extreme: /cheap/i.test(extreme) ? 'cheapest' : 'dearest' }
  if (/\b(it|that|this|one|them)\b/i.test(text)) return { by: 'it' }
  // By its kind, such as “the teapot”.
  const kin = searchProducts({ query: text })
  return kin.length === 0 ? undefined : { by: 'name', products: kin }
}

const numbers: Readonly<Record<string, number>> = {
  twice: 2,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  dozen: 12,
}

function quantityIn(words: readonly string[]): number | undefined {
  const word = words.find((each) => /^\d{1,3}$/.test(each) || Object.hasOwn(numbers, each))
  return word === undefined ? undefined : (numbers[word] ?? Number(word))
}

function wish(text: string): Intent | undefined {
  const [bound = '', price] =
    /\b(?:under|below|less than|up to|at most|cheaper than)\s*[€$]?\s*(\d{1,5})(?: euros?)?/i.exec(text) ?? []
  const query = text.replace(bound, '')
  const maxPrice = price === undefined ? undefined : Number(price) * 100
  if (searchProducts({ query }).length > 0) return { type: 'search', query, maxPrice }
  const isGeneral =
    /\b(what (do|have) you (sell|have|got)|show me (something|everything|around|more)|products?|catalogue|recommend|suggest|surprise|looking for (something|a gift))\b/i
  return price !== undefined || isGeneral.test(text) ? { type: 'search', query: '', maxPrice } : undefined
}
