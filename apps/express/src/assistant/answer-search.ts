import { categories, findProducts, fullName, type Product } from '../catalogue/catalogue.js'
import { type Filters, search } from '../catalogue/search.js'
import { plural } from '../catalogue/words.js'
import { dollars } from '../money.js'
import type { Conversation } from './conversation.js'
import type { SearchIntent } from './intent.js'
import type { Outcome, Situation } from './outcome.js'
import { type Preferences, sayList, sayRange } from './preferences.js'

const pageSize = 4

interface Found {
  products: Product[]
  filters: Filters
  note?: string
}

/** Finds products, with regard to the products shown before and to the shopper's preferences. */
export function answerSearch(intent: SearchIntent, situation: Situation): Outcome {
  const { conversation } = situation
  if (isOutOfCatalogue(intent)) return { say: outOfCatalogue(intent.unknown) }
  if (intent.change === 'more') return nextPage(intent, situation)

  const shown = findProducts(conversation.shown)
  const filters = changed(intent, shown, conversation.focus)
  const found = find(filters, intent, situation.preferences)
  if (found.products.length === 0) return { say: nothingFound(intent, filters, shown) }
  return list(found, 0, conversation, intent.change)
}

/** The search with the price range that `cheaper` and similar words ask for. */
function changed(
  { filters, change }: SearchIntent,
  shown: readonly Product[],
  focus: string | undefined,
): Filters {
  const { minPrice, maxPrice, sort: _sort, ...others } = filters
  const focused = shown.find(({ sku }) => sku === focus)
  const prices = (focused === undefined ? shown : [focused]).map(({ price }) => price.amount)
  if (prices.length === 0) {
    return change === 'cheaper'
      ? { ...filters, sort: 'cheapest' }
      : change === 'dearer'
        ? { ...filters, sort: 'dearest' }
        : filters
  }
  if (change === 'cheaper') return { ...others, maxPrice: Math.min(...prices) - 1 }
  if (change === 'dearer') return { ...others, minPrice: Math.max(...prices) + 1 }
  if (change === 'better') {
    return {
      ...others,
      ...(minPrice === undefined ? {} : { minPrice }),
      ...(maxPrice === undefined ? {} : { maxPrice }),
      sort: 'best',
    }
  }
  return filters
}

/** The products found: with the preferences if they leave any, otherwise without, and then the note says so. */
function find(asked: Filters, intent: SearchIntent, preferences: Preferences): Found {
  const filters = withCategory(asked, preferences)
  const { budget } = preferences
  const taste = { brands: preferences.brands }
  const without = filters.brands === undefined ? [...preferences.avoided] : []
  const wanted =
    without.length === 0 ? filters : { ...filters, without: [...(filters.without ?? []), ...without] }
  const namesPrice = filters.minPrice !== undefined || filters.maxPrice !== undefined

  if (budget !== undefined && !namesPrice && intent.change === undefined) {
    const { min, max } = budget
    const inBudget = { ...wanted, ...(max === undefined ? {} : { maxPrice: max }) }
    const products = search({ ...inBudget, ...(min === undefined ? {} : { minPrice: min }) }, taste)
    // Too few products above the lower end of the range, so the lower end is dropped: shoppers accept to pay less.
    if (products.length >= 3) return { products, filters, note: `within your budget of ${sayRange(budget)}` }
    const below = search(inBudget, taste)
    if (below.length > 0 && max !== undefined) {
      return { products: below, filters, note: `within your budget of ${sayRange({ max })}` }
    }
    const beyond = search({ ...wanted, sort: 'cheapest' }, taste)
    if (beyond.length > 0)
      return { products: beyond, filters, note: `outside your budget of ${sayRange(budget)}` }
  }
  const products = search(wanted, taste)
  if (products.length > 0 || intent.alone === intent.filters || intent.change !== undefined)
    return { products, filters }
  // Following up on the last search found nothing; the text may mean something by itself.
  const alone = withCategory(intent.alone, preferences)
  return { products: search(alone, taste), filters: alone, note: 'leaving aside what you asked for before' }
}

function withCategory(filters: Filters, { category }: Preferences): Filters {
  const isOpen = filters.category === undefined && filters.words === undefined
  return isOpen && category !== undefined ? { ...filters, category } : filters
}

function nextPage({ filters }: SearchIntent, { conversation, preferences }: Situation): Outcome {
  if (conversation.filters === undefined) {
    return list(
      { ...find(filters, { type: 'search', filters, alone: filters, unknown: [] }, preferences) },
      0,
      conversation,
    )
  }
  const found = find(
    conversation.filters,
    { type: 'search', filters: conversation.filters, alone: conversation.filters, unknown: [] },
    preferences,
  )
  const offset = conversation.offset + conversation.shown.length
  if (offset >= found.products.filter(isFirstOfFamily).length) {
    return { say: `That is all: those were the ${sayFilters(conversation.filters)} we have.` }
  }
  return list(found, offset, conversation, 'more')
}

function list(found: Found, offset: number, before: Conversation, change?: SearchIntent['change']): Outcome {
  const { filters, note } = found
  const products = found.products.filter(isFirstOfFamily)
  const page = products.slice(offset, offset + pageSize)
  const title = `${openings[change ?? 'none']} ${sayFilters(priceChanges.has(change) ? withoutPrice(filters) : filters)}`
  const lines = page.map(
    (product, at) =>
      `${at + 1}. ${fullName(product)}, ${dollars(product.price.amount)}, rated ${product.rating}. ${product.description}`,
  )
  const left = products.length - offset - page.length
  const rest = left > 0 ? [`There ${left === 1 ? 'is' : 'are'} ${left} more; say “show me more”.`] : []
  const conversation: Conversation = {
    shown: page.map(({ sku }) => sku),
    filters,
    offset,
  }
  // A single product becomes the current one.
  const only = page.length === 1 ? page[0] : undefined
  return {
    say: [`${title}${note === undefined ? '' : `, ${note}`}:`, ...lines, ...rest].join('\n'),
    conversation: { ...before, ...conversation, focus: only?.sku },
  }
}

const openings = {
  none: 'Here are',
  cheaper: 'Here are cheaper',
  dearer: 'Here are more expensive',
  better: 'Here are the best rated',
  more: 'Here are more',
} as const

const priceChanges = new Set<SearchIntent['change']>(['cheaper', 'dearer'])

function withoutPrice({ minPrice: _min, maxPrice: _max, ...others }: Filters): Filters {
  return others
}

/** One product of each family is enough: a list of memory sizes of one phone does not help. */
function isFirstOfFamily(product: Product, at: number, all: readonly Product[]): boolean {
  return all.findIndex(({ family }) => family === product.family) === at
}

/** The search in words: `smartphones by Samsung with camera, up to $500`. */
export function sayFilters({ category, brands, without, minPrice, maxPrice, words }: Filters): string {
  const range = {
    ...(minPrice === undefined ? {} : { min: minPrice }),
    ...(maxPrice === undefined ? {} : { max: maxPrice }),
  }
  return [
    category === undefined ? 'products' : plural(category),
    brands === undefined || brands.length === 0 ? '' : ` by ${sayList(brands, 'or')}`,
    without === undefined || without.length === 0 ? '' : ` not by ${sayList(without, 'or')}`,
    words === undefined || words.length === 0 ? '' : ` for “${words.join(' ')}”`,
    minPrice === undefined && maxPrice === undefined ? '' : ` for ${sayRange(range)}`,
  ].join('')
}

function isOutOfCatalogue({ alone, unknown, change }: SearchIntent): boolean {
  if (change !== undefined || unknown.length === 0) return false
  // `The meaning of life`: a word that happens to be in a product name, among words that mean nothing here.
  const { words = [], ...others } = alone
  return Object.keys(others).length === 0 && words.length <= unknown.length
}

function outOfCatalogue(unknown: readonly string[]): string {
  return `I found no “${unknown.slice(0, 5).join(' ')}” here. We sell ${sayList(categories.map(plural))}.`
}

function nothingFound({ change }: SearchIntent, filters: Filters, shown: readonly Product[]): string {
  const first = shown.toSorted((one, other) => one.price.amount - other.price.amount)
  const edge = change === 'cheaper' ? first[0] : change === 'dearer' ? first.at(-1) : undefined
  if (edge !== undefined) {
    const most = change === 'cheaper' ? 'cheaper' : 'dearer'
    return `We have nothing ${most} of the kind than the ${fullName(edge)} at ${dollars(edge.price.amount)}.`
  }
  return `We have no ${sayFilters(filters)}. You could drop a wish, or raise the price.`
}
