import type { Money } from '@sessions/core'
import { z } from 'zod'
import products from './catalogue.json' with { type: 'json' }

const currency = 'EUR'
const productSchema = z
  .strictObject({
    sku: z.string().min(1),
    name: z.string().min(1),
    category: z.string().min(1),
    /** In cents. */
    price: z.int().positive(),
    words: z.array(z.string().min(1)),
    description: z.string().min(1),
  })
  .transform(({ price, ...product }) => ({ ...product, price: { amount: price, currency } satisfies Money }))

/** Something the shop sells. */
export type Product = z.infer<typeof productSchema>

/** Everything the shop sells. */
export const catalogue: readonly Product[] = z.array(productSchema).parse(products)

export const categories: readonly string[] = [...new Set(catalogue.map(({ category }) => category))]

const bySku = new Map(catalogue.map((product) => [product.sku, product]))

export function findProduct(sku: string): Product | undefined {
  return bySku.get(sku)
}

/** The products whose names this text has in it, whole or by their telling words, the best first. */
export function namedProducts(text: string): Product[] {
  const said = wordsOf(text).map(stem)
  return catalogue
    .map((product) => {
      const name = wordsOf(product.name).map(stem)
      return { product, share: name.filter((word) => said.includes(word)).length / name.length }
    })
    .filter(({ share }) => share >= 0.5)
    .toSorted((one, other) => other.share - one.share)
    .map(({ product }) => product)
}

export interface ProductQuery {
  /** Words, any of which may be in a product; without them, everything. */
  readonly query?: string | undefined
  /** In cents. */
  readonly maxPrice?: number | undefined
  /** Words that put a product first. */
  readonly likes?: readonly string[]
  /** Words that leave a product out. */
  readonly dislikes?: readonly string[]
}

/** What fits, the best first. */
export function searchProducts({ query, maxPrice, likes = [], dislikes = [] }: ProductQuery): Product[] {
  const wanted = wordsOf(query ?? '')
  return catalogue
    .filter(({ price }) => maxPrice === undefined || price.amount <= maxPrice)
    .filter((product) => scoreOf(product, dislikes) === 0)
    .map((product) => ({ product, score: scoreOf(product, wanted), liked: scoreOf(product, likes) }))
    .filter(({ score }) => wanted.length === 0 || score > 0)
    .toSorted((one, other) => other.score - one.score || other.liked - one.liked)
    .map(({ product }) => product)
}

// A kind of thing weighs more than what a thing has to do with.
function scoreOf({ name, category, words }: Product, wanted: readonly string[]): number {
  const strong = new Set([category, ...wordsOf(name)].map(stem))
  const weak = new Set(words.flatMap(wordsOf).map(stem))
  return wanted.reduce((sum, word) => {
    const at = stem(word)
    return sum + (strong.has(at) ? 3 : weak.has(at) ? 2 : 0)
  }, 0)
}

/** The words of a text that tell something. */
export function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => !empty.has(word))
}

const empty: ReadonlySet<string> = new Set(
  'a an and at be for from have i in is it me my of on or s some that the them this to we with you your'.split(
    ' ',
  ),
)

/** Without the s of a plural. */
function stem(word: string): string {
  return word.length > 3 ? word.replace(/(?<=[^s])s$/, '') : word
}
