import { readFileSync } from 'node:fs'
import { z } from 'zod'

const productSchema = z.strictObject({
  sku: z.string().min(1),
  /** Who sells it. */
  merchantId: z.string().min(1),
  name: z.string().min(1),
  category: z.string().min(1),
  /** In the smallest unit of the currency. */
  price: z.strictObject({ amount: z.int().positive(), currency: z.string().regex(/^[A-Z]{3}$/) }),
  words: z.array(z.string().min(1)),
  description: z.string().min(1),
})

/** One thing that somebody sells. */
export type Product = z.infer<typeof productSchema>

export interface ProductQuery {
  /** Words, any of which may be in a product. */
  text?: string | undefined
  category?: string | undefined
  /** In the smallest unit of the currency. */
  maxPrice?: number | undefined
  merchantId?: string | undefined
}

// Beside src and dist alike.
const file = new URL('../data/catalogue.json', import.meta.url)

/** Everything that is sold. */
export const catalogue: readonly Product[] = z
  .array(productSchema)
  .parse(JSON.parse(readFileSync(file, 'utf8')))

/** The product of this sku, if this merchant sells it; without a merchant, if anybody does. */
export function findProduct(sku: string, merchantId?: string): Product | undefined {
  return catalogue.find(
    (product) => product.sku === sku && (merchantId === undefined || product.merchantId === merchantId),
  )
}

/** What fits, the best first; without words everything, in the order of the catalogue. */
export function searchProducts({ text, category, maxPrice, merchantId }: ProductQuery): Product[] {
  const wanted = wordsOf(text ?? '')
  return catalogue
    .filter((product) => merchantId === undefined || product.merchantId === merchantId)
    .filter((product) => category === undefined || product.category === category)
    .filter((product) => maxPrice === undefined || product.price.amount <= maxPrice)
    .map((product) => ({ product, score: scoreOf(product, wanted) }))
    .filter(({ score }) => wanted.length === 0 || score > 0)
    .toSorted((one, other) => other.score - one.score)
    .map(({ product }) => product)
}

function scoreOf({ name, category, words }: Product, wanted: readonly string[]): number {
  const own = new Set([...words, category, ...wordsOf(name)].map(stem))
  return wanted.filter((word) => own.has(stem(word))).length
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
}

/** Without the s of a plural. */
function stem(word: string): string {
  return word.length > 3 ? word.replace(/s$/, '') : word
}
