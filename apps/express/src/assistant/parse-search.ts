import type { Filters } from '../catalogue/search.js'
import { readNames } from '../catalogue/words.js'
import type { Conversation } from './conversation.js'
import type { SearchIntent } from './intent.js'
import { readPrices } from './prices.js'

const cheaper =
  /\b(cheaper|less expensive|lower price[ds]?|more affordable|too expensive|too much|costs? less|too dear)\b/
const dearer = /\b(more expensive|pricier|higher end|high end|more premium|dearer|fancier)\b/
const better = /\b(something better|better (one|ones)|a better|better rated|higher rated)\b/
const more =
  /^(please )?(show |give |any |and |what )?(me )?(some )?(more|others?|another( one)?|next|anything else|something else|else|what else|other (ones|options))( (of them|options|please|results|ones|do you have|have you got))*$/
const asksForAny =
  /\b(recommend|recommendation|suggest|suggestion|surprise me|what should i (buy|get)|what('s| is| do you have| have you got) (good|new|popular|best)|bestsellers?|best sellers?|show me (something|anything)|what do you (have|sell|offer)|what have you got)\b/
const fresh =
  /\b(show me|looking for|look for|search( for)?|find|do you (have|sell)|i (need|want)|order|buy|get me|what)\b/

/** The search of a text, by itself or as a follow-up on the last search. */
export function parseSearch(
  text: string,
  conversation: Conversation,
  asBudget = false,
): SearchIntent | undefined {
  const { range, rest } = readPrices(text, asBudget)
  const names = readNames(rest)
  const excluded = /\b(not|no|without|except|but no|other than|anything but)\b (.+)$/.exec(rest)?.[2]
  const without = excluded === undefined ? [] : readNames(excluded).brands
  const brands = names.brands.filter((brand) => !without.includes(brand))
  const sort = asBudget ? undefined : sortOf(rest)
  const alone: Filters = {
    ...(names.category === undefined ? {} : { category: names.category }),
    ...(brands.length === 0 ? {} : { brands }),
    ...(without.length === 0 ? {} : { without }),
    ...(range?.min === undefined ? {} : { minPrice: range.min }),
    ...(range?.max === undefined ? {} : { maxPrice: range.max }),
    ...(names.words.length === 0 ? {} : { words: names.words }),
    ...(sort === undefined ? {} : { sort }),
  }
  const change = changeOf(text)
  const says = Object.keys(alone).length > 0
  if (!says && change === undefined && !asksForAny.test(text) && names.unknown.length === 0) {
    return /\bany (other )?brand\b/.test(text) ? anyBrand(conversation) : undefined
  }
  // Only unknown words: the text asks for a product that the shop does not have, or it is not about shopping at all.
  if (!says && change === undefined && !asksForAny.test(text) && !fresh.test(text)) return undefined
  const filters = follow(text, alone, conversation, change)
  return {
    type: 'search',
    filters,
    alone,
    unknown: names.unknown,
    ...(change === undefined ? {} : { change }),
  }
}

/** A text without a category narrows the last search; a text with one begins a new search. */
function follow(
  text: string,
  alone: Filters,
  { filters: before }: Conversation,
  change: SearchIntent['change'],
): Filters {
  if (before === undefined) return alone
  if (alone.category !== undefined && alone.category !== before.category) {
    const keepsBrand =
      /\b(what|how) about\b/.test(text) && alone.brands === undefined && before.brands !== undefined
    return keepsBrand ? { ...alone, brands: before.brands } : alone
  }
  const isFollowUp =
    change !== undefined ||
    alone.category === undefined ||
    /\b(only|just|instead|these|those|what about)\b/.test(text)
  if (!isFollowUp) return alone
  const merged = { ...before, ...alone }
  const words = [...new Set([...(before.words ?? []), ...(alone.words ?? [])])]
  // A text that names one end of the price range drops the other end, which belonged to the earlier search.
  if (alone.minPrice !== undefined && alone.maxPrice === undefined) delete merged.maxPrice
  if (alone.maxPrice !== undefined && alone.minPrice === undefined) delete merged.minPrice
  if (alone.brands !== undefined) delete merged.without
  return words.length === 0 ? merged : { ...merged, words }
}

function changeOf(text: string): SearchIntent['change'] {
  if (cheaper.test(text)) return 'cheaper'
  if (dearer.test(text)) return 'dearer'
  if (better.test(text)) return 'better'
  return more.test(text) ? 'more' : undefined
}

function sortOf(text: string): Filters['sort'] {
  if (
    /\b(cheap|cheapest|least expensive|lowest price|affordable|inexpensive)\b|(?<!\b(my|the|a) )\bbudget\b/.test(
      text,
    )
  )
    return 'cheapest'
  if (/\b(most expensive|dearest|priciest|luxury)\b/.test(text)) return 'dearest'
  return /\b(best|top|top rated|highest rated)\b/.test(text) ? 'best' : undefined
}

function anyBrand({ filters }: Conversation): SearchIntent | undefined {
  if (filters === undefined) return undefined
  const { brands: _brands, without: _without, ...others } = filters
  return { type: 'search', filters: others, alone: others, unknown: [] }
}
