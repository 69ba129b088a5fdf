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

/** A product of the shop. */
export type Product = z.infer<typeof productSchema>

/** All products of the shop. */
export const catalogue: readonly Product[] = z.array(productSchema).parse(products)

export const categories: readonly string[] = [...new Set(catalogue.map(({ category }) => category))]

const bySku = new Map(catalogue.map((product) => [product.sku, product]))

export function findProduct(sku: string): Product | undefined {
  return bySku.get(sku)
}

/** The products whose names are in this text, as a whole or by their characteristic words, the best first. */
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
  /** Words, any of which a product may contain; without words, all products. */
  readonly query?: string | undefined
  /** In cents. */
  readonly maxPrice?: number | undefined
  /** Words that move a product to the front. */
  readonly likes?: readonly string[]
  /** Words that exclude a product. */
  readonly dislikes?: readonly string[]
}

/** The matching products, the best first. */
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

// A match in the kind of a product weighs more than one in its topics.
function scoreOf({ name, category, words }: Product, wanted: readonly string[]): number {
  const strong = new Set([category, ...wordsOf(name)].map(stem))
  const weak = new Set(words.flatMap(wordsOf).map(stem))
  return wanted.reduce((sum, word) => {
    const at = stem(word)
    return sum + (strong.has(at) ? 3 : weak.has(at) ? 2 : 0)
  }, 0)
}

/** The characteristic words of a text. */
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
