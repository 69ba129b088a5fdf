import { readNames } from '../catalogue/words.js'
import type { Conversation } from './conversation.js'
import type { Intent, PreferenceIntent } from './intent.js'
import { parseSearch } from './parse-search.js'
import { readPrices } from './prices.js'

const asks =
  /\b(what('s| is| are|s)? my (budget|preferences?|favou?rites?|brands?|price range)|what (do|did) you (know|remember) about me|(show|tell) (me )?my preferences|what do i (like|prefer))\b/
const forgets =
  /\b(forget|reset|clear|remove|delete|ignore|drop) (about )?(all )?(of )?(my |the )?(budget|price range|(preferred |favou?rite )?brands?|preferences)\b/
const likes =
  /\b(i'm|i am|i do)? ?(really )?\b(like|love|prefer|trust|adore|(a |an )?\S+ (fan|person))\b|\bmy favou?rite\b/
const dislikes =
  /\b(hate|dislike|don'?t (really )?(like|want|trust)|do not (like|want|trust)|can'?t stand|never buy)\b/
const budget =
  /\bmy (max(imum)? )?(budget|price range|limit)\b|\bi (can|could|want to|would|will|'d like to) (only )?(spend|pay)\b|\b(budget) (is|of)\b|\bi have \$?\d[\d,.]* ?(dollars|bucks|usd|to spend)/

/** Statements of shoppers about themselves, and questions about them. */
export function parsePreferences(text: string, conversation: Conversation): Intent | undefined {
  if (asks.test(text)) return { type: 'preferences' }
  const forget = forgets.exec(text)
  if (forget !== null) return { type: 'forget', keys: keysOf(forget[6]!) }

  const intent: Extract<PreferenceIntent, { type: 'remember' }> = { type: 'remember' }
  const { brands } = readNames(text)
  if (dislikes.test(text)) {
    if (brands.length > 0) intent.dislikes = brands
  } else if (
    likes.test(text) &&
    brands.length > 0 &&
    !/\b(something|anything|it|one|ones|that|looks?) like\b/.test(text)
  ) {
    intent.likes = brands
  }
  if (budget.test(text)) {
    const { range } = readPrices(text, true)
    if (range !== undefined) intent.budget = range
  }
  if (intent.budget === undefined && intent.likes === undefined && intent.dislikes === undefined)
    return undefined
  const next = parseSearch(text, conversation, intent.budget !== undefined)
  return next === undefined ? intent : { ...intent, next: forPreferences(next, conversation, intent) }
}

type Remember = Extract<PreferenceIntent, { type: 'remember' }>

/** The search that goes with it: the statement is a preference, so it does not filter this one search. */
function forPreferences(
  search: NonNullable<ReturnType<typeof parseSearch>>,
  { filters: before }: Conversation,
  stated: Remember,
): NonNullable<ReturnType<typeof parseSearch>> {
  const { minPrice, maxPrice, brands, ...others } = search.filters
  const filters = {
    ...others,
    ...(stated.budget !== undefined || minPrice === undefined ? {} : { minPrice }),
    ...(stated.budget !== undefined || maxPrice === undefined ? {} : { maxPrice }),
    ...(stated.likes !== undefined || stated.dislikes !== undefined || brands === undefined
      ? {}
      : { brands }),
    ...(before?.category !== undefined && search.filters.category === undefined
      ? { category: before.category }
      : {}),
  }
  return { ...search, filters, alone: filters }
}

function keysOf(what: string): string[] {
  if (/budget|price/.test(what)) return ['budget_range']
  if (/brand/.test(what)) return ['preferred_brands', 'avoided_brands']
  return ['budget_range', 'preferred_brands', 'avoided_brands', 'device_type', 'shipping_preference']
}
