import { readFileSync } from 'node:fs'
import { z } from 'zod'

const productSchema = z.strictObject({
  sku: z.string().min(1),
  /** Shared by variants that differ only in size or memory. */
  family: z.string().min(1),
  name: z.string().min(1),
  brand: z.string().min(1),
  category: z.string().min(1),
  /** In the smallest unit of the currency. */
  price: z.strictObject({ amount: z.int().positive(), currency: z.literal('USD') }),
  /** 0 to 5. */
  rating: z.number().min(0).max(5),
  features: z.array(z.string().min(1)),
  description: z.string().min(1),
})

/** One product of the shop. */
export type Product = z.infer<typeof productSchema>

// Beside both src and dist, so that the built app finds it too.
const file = new URL('../../data/catalogue.json', import.meta.url)

/** All products of the shop. */
export const catalogue: readonly Product[] = z
  .array(productSchema)
  .parse(JSON.parse(readFileSync(file, 'utf8')))

const bySku = new Map(catalogue.map((product) => [product.sku, product]))

/** The product with this sku, if the shop has it. */
export function findProduct(sku: string): Product | undefined {
  return bySku.get(sku)
}

/** The products of these skus, in their order; unknown ones are left out. */
export function findProducts(skus: readonly string[]): Product[] {
  return skus.flatMap((sku) => bySku.get(sku) ?? [])
}

export const categories: readonly string[] = [...new Set(catalogue.map(({ category }) => category))]
export const brands: readonly string[] = [...new Set(catalogue.map(({ brand }) => brand))]

/** Brand and name without saying the brand twice: `Apple iPhone 15`, `Fairphone 5` … */
export function fullName({ brand, name }: Pick<Product, 'brand' | 'name'>): string {
  return name.toLowerCase().startsWith(brand.toLowerCase()) ? name : `${brand} ${name}`
}
