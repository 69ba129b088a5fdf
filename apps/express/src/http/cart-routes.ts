import { type Cart, type CartItemInput, SessionError } from '@sessions/core'
import { getSession } from '@sessions/express'
import { Router } from 'express'
import type { z } from 'zod'
import { toCartItem } from '../assistant/outcome.js'
import { findProduct } from '../catalogue/catalogue.js'
import { succeed } from './envelope.js'
import { cartItemSchema, emptySchema, quantitySchema, readBody, toMoney } from './input.js'
import { cartView, itemView, orderView } from './views.js'

/** The cart of a session. */
export function cartRoutes(): Router {
  const router = Router()

  router.get('/session/:id/cart', async (req, res) => {
    const session = await getSession(req, req.params.id)
    succeed(res, { session_id: session.id, ...cartView(await session.cart.get()) })
  })

  router.post('/session/:id/cart/add', async (req, res) => {
    const item = toItem(readBody(req, cartItemSchema))
    const session = await getSession(req, req.params.id)
    const cart = await session.cart.add(item)
    const line = lineOf(cart, item)
    succeed(res, { message: 'Item added to cart', session_id: session.id, item: line, ...cartView(cart) })
  })

  router.delete('/session/:id/cart/clear', async (req, res) => {
    const session = await getSession(req, req.params.id)
    const cart = await session.cart.clear()
    succeed(res, { message: 'Cart cleared', session_id: session.id, ...cartView(cart) })
  })

  router.patch('/session/:id/cart/items/:itemId', async (req, res) => {
    const { quantity } = readBody(req, quantitySchema)
    const session = await getSession(req, req.params.id)
    const cart = await session.cart.setQuantity(req.params.itemId, quantity)
    succeed(res, { message: 'Cart updated', session_id: session.id, ...cartView(cart) })
  })

  router.delete('/session/:id/cart/items/:itemId', async (req, res) => {
    const session = await getSession(req, req.params.id)
    const cart = await session.cart.remove(req.params.itemId)
    succeed(res, { message: 'Item removed from cart', session_id: session.id, ...cartView(cart) })
  })

  router.post('/session/:id/cart/checkout', async (req, res) => {
    readBody(req, emptySchema)
    const session = await getSession(req, req.params.id)
    const order = await session.cart.checkout()
    succeed(
      res,
      { message: 'Order placed', session_id: session.id, order: orderView(order) },
      { status: 201 },
    )
  })

  return router
}

/** The cart item of a request: for a product of the shop, the catalogue's name and price, whatever the client sends. */
function toItem({ sku, name, price, category, quantity = 1 }: z.infer<typeof cartItemSchema>): CartItemInput {
  const claimed = price === undefined ? undefined : toMoney(price)
  const product = findProduct(sku)
  if (product !== undefined) return toCartItem(product, quantity)
  if (name === undefined) throw missing('name')
  if (claimed === undefined) throw missing('price')
  const metadata = { ...(category === undefined ? {} : { category }), price_from: 'client' }
  return { sku, name, price: claimed, quantity, metadata }
}

function missing(path: string): SessionError {
  return new SessionError('invalid', `${path}: is needed for a sku that is not in the catalogue`, { path })
}

/** The line that an item has joined or become. */
function lineOf({ items }: Cart, { sku, price }: CartItemInput): object | null {
  const line = items.findLast((candidate) => candidate.sku === sku && candidate.price.amount === price.amount)
  return line === undefined ? null : itemView(line)
}
