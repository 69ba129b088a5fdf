import { type Cart, type CartItem, cartTotal, type JsonObject, itemCount } from '@sessions/core'
import { type ToolContext, SessionError } from '@sessions/core'
import { z } from 'zod'
import { findProduct, type Product, searchProducts } from '../catalogue.ts'
import { tastes } from './tastes.ts'

const shownAtMost = 5
const sku = z.string().min(1).max(50).describe('The sku of a product that search_products has given')
const quantity = z.int().min(1).max(100)

/** The tools of the assistant, for the local one and for a model. */
export const tools = {
  search_products: {
    description: 'Finds products of the shop by words and price; heeds what the user likes and dislikes.',
    inputSchema: z.strictObject({
      query: z.string().max(300).optional(),
      maxPrice: z.int().min(0).optional().describe('In cents'),
    }),
    async execute(input: { query?: string; maxPrice?: number }, { preferences, state }: ToolContext) {
      const { budget, likes, dislikes } = tastes(await preferences.get())
      const found = searchProducts({ maxPrice: budget, ...input, likes, dislikes })
      const products = found.slice(0, shownAtMost)
      // Stored so that “the second one” can be resolved later.
      await state.merge({ shown: products.map((product) => product.sku) })
      return { products: products.map(productView), total: found.length }
    },
  },
  add_to_cart: {
    description: 'Puts a product into the cart.',
    inputSchema: z.strictObject({ sku, quantity: quantity.default(1) }),
    async execute(input: { sku: string; quantity: number }, { cart, toolCallId }: ToolContext) {
      const product = findProduct(input.sku)
      if (product === undefined) throw new SessionError('not_found', `We do not sell ${input.sku}.`)
      const { name, price, category } = product
      const item = { sku: product.sku, name, price, quantity: input.quantity, metadata: { category } }
      return { added: name, ...cartView(await cart.add(item, { changeId: toolCallId })) }
    },
  },
  remove_from_cart: {
    description: 'Takes a product out of the cart, or some of its pieces.',
    inputSchema: z.strictObject({ sku, quantity: quantity.optional() }),
    async execute(input: { sku: string; quantity?: number }, { cart, toolCallId }: ToolContext) {
      const line = (await cart.get()).items.find((item) => item.sku === input.sku)
      if (line === undefined) throw new SessionError('not_found', 'That is not in the cart.')
      const left = input.quantity === undefined ? 0 : Math.max(0, line.quantity - input.quantity)
      const after = await cart.setQuantity(line.id, left, { changeId: toolCallId })
      return { removed: line.name, ...cartView(after) }
    },
  },
  clear_cart: {
    description: 'Empties the cart.',
    inputSchema: z.strictObject({}),
    async execute(_: object, { cart, toolCallId }: ToolContext) {
      return cartView(await cart.clear({ changeId: toolCallId }))
    },
  },
  show_cart: {
    description: 'Shows what is in the cart and what it costs.',
    inputSchema: z.strictObject({}),
    execute: async (_: object, { cart }: ToolContext) => cartView(await cart.get()),
  },
  checkout: {
    description: 'Orders what is in the cart. Only when the user has said so.',
    inputSchema: z.strictObject({}),
    async execute(_: object, { cart, toolCallId }: ToolContext) {
      const { id, items, total } = await cart.checkout({ changeId: toolCallId })
      return { orderId: id, items: items.map(itemView), total: { ...total } }
    },
  },
  remember: {
    description:
      'Keeps what the user likes for the rest of the session: name, budget (in euros), likes, dislikes. Null forgets one.',
    inputSchema: z.strictObject({
      name: z.string().min(1).max(100).nullable().optional(),
      budget: z.number().positive().max(1_000_000).nullable().optional(),
      likes: z.array(z.string().min(1).max(100)).max(50).nullable().optional(),
      dislikes: z.array(z.string().min(1).max(100)).max(50).nullable().optional(),
    }),
    async execute(input: JsonObject, { preferences, toolCallId }: ToolContext) {
      return { preferences: await preferences.merge(input, { changeId: toolCallId }) }
    },
  },
} as const

function productView({ sku, name, category, price, description }: Product) {
  return { sku, name, category, price, description }
}

function itemView({ sku, name, quantity, price }: CartItem) {
  return { sku, name, quantity, price: { ...price } }
}

function cartView(cart: Cart) {
  const total = cartTotal(cart)
  return {
    items: cart.items.map(itemView),
    itemCount: itemCount(cart),
    ...(total === undefined ? {} : { total: { ...total } }),
  }
}
