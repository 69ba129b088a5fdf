import { type Cart, cartTotal, type JsonObject, itemCount, SessionError } from '@sessions/core'
import { z } from 'zod'
import { findProduct } from '../catalogue.js'
import { type Tool, tool } from './tool.js'

export const cartTools: readonly Tool[] = [
  tool({
    name: 'add_to_cart',
    description: 'Puts a product into the cart, by its sku.',
    input: z.strictObject({ sku: z.string().min(1).max(200), quantity: z.int().min(1).max(100).default(1) }),
    async execute({ sku, quantity }, { cart, merchant, changeId }) {
      const product = findProduct(sku, merchant?.id)
      if (product === undefined)
        throw new SessionError('not_found', `Nobody here sells ${sku}.`, { path: 'sku' })
      const { name, price, merchantId } = product
      // Name and price come from the catalogue, whatever the assistant sends.
      return cartView(await cart.add({ sku, name, price, quantity, metadata: { merchantId } }, { changeId }))
    },
  }),
  tool({
    name: 'view_cart',
    description: 'Shows the cart.',
    input: z.strictObject({}),
    isRead: true,
    execute: async (_, { cart }) => cartView(await cart.get()),
  }),
  tool({
    name: 'clear_cart',
    description: 'Empties the cart.',
    input: z.strictObject({}),
    execute: async (_, { cart, changeId }) => cartView(await cart.clear({ changeId })),
  }),
  tool({
    name: 'checkout',
    description: 'Orders what is in the cart. Ask the user before.',
    input: z.strictObject({}),
    async execute(_, { cart, changeId }) {
      const { id, total, items } = await cart.checkout({ changeId })
      return { orderId: id, total: { ...total }, itemCount: itemCount({ items }) }
    },
  }),
]

/** A cart in the format for assistants and pages. */
export function cartView(cart: Cart): JsonObject {
  const total = cartTotal(cart)
  return {
    items: cart.items.map(({ id, sku, name, quantity, price, metadata }) => ({
      id,
      sku,
      name,
      quantity,
      price: { ...price },
      merchantId: metadata?.['merchantId'] ?? null,
    })),
    itemCount: itemCount(cart),
    total: total === undefined ? null : { ...total },
  }
}
