import { type JsonObject, SessionError } from '@sessions/core'
import { z } from 'zod'
import { findProduct, type Product, searchProducts } from '../catalogue.js'
import { findMerchant, marketplace, merchants } from '../merchants.js'
import { type Tool, tool } from './tool.js'

const limit = z.int().min(1).max(20).default(5)

export const productTools: readonly Tool[] = [
  tool({
    name: 'search_products',
    description: 'Finds products by words, category and price, in cents.',
    input: z.strictObject({
      query: z.string().max(500).optional(),
      category: z.string().max(100).optional(),
      maxPrice: z.int().min(0).optional(),
      limit,
    }),
    async execute({ query, category, maxPrice, limit: most }, { session, merchant }) {
      const found = searchProducts({ text: query, category, maxPrice, merchantId: merchant?.id })
      const products = found.slice(0, most)
      // Stored so that later recommendations fit the search.
      await session.state.merge({ shown: products.map(({ sku }) => sku) })
      return { products: products.map(productView), total: found.length }
    },
  }),
  tool({
    name: 'select_merchant',
    description: `Says which merchant of the marketplace the conversation is with: ${merchants.map(({ id }) => id).join(', ')}. Null is all of them.`,
    input: z.strictObject({ merchantId: z.string().max(100).nullable() }),
    async execute({ merchantId }, { session }) {
      if (session.tenantId !== marketplace) {
        throw new SessionError('invalid', 'This key is one merchant’s.', { path: 'merchantId' })
      }
      if (merchantId !== null && findMerchant(merchantId) === undefined) {
        throw new SessionError('invalid', 'There is no such merchant.', { path: 'merchantId' })
      }
      await session.state.merge({ merchantId })
      return { merchantId }
    },
  }),
  tool({
    name: 'recommend',
    description:
      'Suggests products that go with the cart, with what was looked at, and with the preferences.',
    input: z.strictObject({ limit }),
    isRead: true,
    async execute({ limit: most }, { session, merchant }) {
      const { cart, state, preferences } = await session.read()
      const inCart = new Set(cart.items.map(({ sku }) => sku))
      const seen = [...inCart, ...textsIn(state['shown'])].flatMap((sku) => findProduct(sku) ?? [])
      const liked = new Set([...seen.map(({ category }) => category), ...textsIn(preferences['categories'])])
      const maxPrice = preferences['maxPrice']
      const products = searchProducts({
        merchantId: merchant?.id,
        maxPrice: typeof maxPrice === 'number' ? maxPrice : undefined,
      })
        .filter(({ sku }) => !inCart.has(sku))
        .toSorted((one, other) => Number(liked.has(other.category)) - Number(liked.has(one.category)))
        .slice(0, most)
      return { products: products.map(productView), because: [...liked] }
    },
  }),
]

function productView({ sku, merchantId, name, category, price, description }: Product): JsonObject {
  return { sku, merchantId, name, category, price, description }
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
