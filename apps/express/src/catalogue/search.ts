import { z } from 'zod'
import { catalogue, type Product } from './catalogue.js'
import { stem, wordsOf } from './words.js'

/** A search. Prices are in minor units, both ends included. */
export const filtersSchema = z.object({
  category: z.string().optional(),
  brands: z.array(z.string()).optional(),
  /** Brands that are not wanted. */
  without: z.array(z.string()).optional(),
  minPrice: z.int().optional(),
  maxPrice: z.int().optional(),
  /** Features, or parts of a name. */
  words: z.array(z.string()).optional(),
  sort: z.enum(['best', 'cheapest', 'dearest']).optional(),
})

export type Filters = z.infer<typeof filtersSchema>

/** The shopper's preferences; they order the results, and hide none. */
export interface Taste {
  brands: readonly string[]
}

/** Every matching product, best first. The same search gives the same result. */
export function search(filters: Filters, taste: Taste = { brands: [] }): Product[] {
  const fitting = catalogue.filter((product) => fits(product, filters))
  const scored = fitting.map((product) => ({ product, hits: hitsOf(product, filters.words ?? []) }))
  const most = Math.max(0, ...scored.map(({ hits }) => hits.words))
  if (filters.words !== undefined && filters.words.length > 0 && most === 0) return []
  return scored
    .filter(({ hits }) => hits.words === most)
    .sort((one, other) => compare(one, other, filters, taste))
    .map(({ product }) => product)
}

interface Scored {
  product: Product
  hits: { words: number; weight: number }
}

function compare(one: Scored, other: Scored, { sort = 'best' }: Filters, taste: Taste): number {
  const byPrice = one.product.price.amount - other.product.price.amount
  if (sort === 'cheapest' && byPrice !== 0) return byPrice
  if (sort === 'dearest' && byPrice !== 0) return -byPrice
  const liked =
    Number(taste.brands.includes(other.product.brand)) - Number(taste.brands.includes(one.product.brand))
  return (
    other.hits.weight - one.hits.weight ||
    liked ||
    other.product.rating - one.product.rating ||
    byPrice ||
    (one.product.sku < other.product.sku ? -1 : 1)
  )
}

function fits(product: Product, filters: Filters): boolean {
  const { category, brands, without, minPrice, maxPrice } = filters
  const { amount } = product.price
  return (
    (category === undefined || product.category === category) &&
    (brands === undefined || brands.length === 0 || brands.includes(product.brand)) &&
    without?.includes(product.brand) !== true &&
    (minPrice === undefined || amount >= minPrice) &&
    (maxPrice === undefined || amount <= maxPrice)
  )
}

// A match in a name weighs more than one in a feature: for `iPhone 15` the phone comes before its case.
const wordsOfProduct = new Map(
  catalogue.map((product) => {
    const nameWords = new Set(wordsOf(`${product.name} ${product.brand}`).map(stem))
    const features = new Set(wordsOf(`${product.features.join(' ')} ${product.category}`).map(stem))
    return [product.sku, { nameWords, features }]
  }),
)

function hitsOf(product: Product, words: readonly string[]): { words: number; weight: number } {
  const { nameWords, features } = wordsOfProduct.get(product.sku)!
  let hits = 0
  let weight = 0
  for (const word of words) {
    const inName = nameWords.has(word)
    if (inName || features.has(word)) hits++
    if (inName) weight++
  }
  // Among names with all the words, the shortest has the fewest other words.
  return { words: hits, weight: weight === 0 ? 0 : weight + 1 / nameWords.size }
}

/** Whether a product has every word of a feature. */
export function hasFeature(product: Product, feature: string): boolean {
  const { nameWords, features } = wordsOfProduct.get(product.sku)!
  return wordsOf(feature)
    .map(stem)
    .every((word) => features.has(word) || nameWords.has(word))
}
