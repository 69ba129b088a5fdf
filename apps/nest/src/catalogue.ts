import { readFileSync } from 'node:fs'
import { z } from 'zod'

const productSchema = z.strictObject({
  sku: z.string().min(1),
  /** The merchant. */
  merchantId: z.string().min(1),
  name: z.string().min(1),
  category: z.string().min(1),
  /** In the smallest unit of the currency. */
  price: z.strictObject({ amount: z.int().positive(), currency: z.string().regex(/^[A-Z]{3}$/) }),
  words: z.array(z.string().min(1)),
  description: z.string().min(1),
})

/** One product of a merchant. */
export type Product = z.infer<typeof productSchema>

export interface ProductQuery {
  /** Words, any of which a product may contain. */
  text?: string | undefined
  category?: string | undefined
  /** In the smallest unit of the currency. */
  maxPrice?: number | undefined
  merchantId?: string | undefined
}

// Beside both src and dist.
const file = new URL('../data/catalogue.json', import.meta.url)

/** All products of all merchants. */
export const catalogue: readonly Product[] = z
  .array(productSchema)
  .parse(JSON.parse(readFileSync(file, 'utf8')))

/** The product with this sku, if this merchant has it; without a merchant, if any merchant has it. */
export function findProduct(sku: string, merchantId?: string): Product | undefined {
  return catalogue.find(
    (product) => product.sku === sku && (merchantId === undefined || product.merchantId === merchantId),
  )
}

/** The matching products, best first; without words all products, in the order of the catalogue. */
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
