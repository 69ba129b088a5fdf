import { once } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import { type Cart, type CartItemInput, type JsonObject, SessionError } from '@sessions/core'
import { getSession } from '@sessions/express'
import { type Request, Router } from 'express'
import { toCartItem } from '../assistant/outcome.js'
import { findProduct } from '../catalogue/catalogue.js'
import { succeed } from './envelope.js'
import { createEventStream, disconnected } from './event-stream.js'
import { cartItemSchema, emptySchema, quantitySchema, readBody, toMoney } from './input.js'
import { cartView, itemView, orderView } from './views.js'

/**
 * The cart of a session.
 *
 * @param leaving Ends the streams of carts.
 */
export function cartRoutes(leaving?: AbortSignal): Router {
  const router = Router()

  router.get('/session/:id/cart', async (req, res) => {
    const session = await getSession(req, req.params.id)
    succeed(res, { session_id: session.id, ...cartView(await session.cart.get()) })
  })

  // The cart now, and each time it has changed, in any tab and by the assistant; and that something was said or cleared.
  router.get('/session/:id/cart/events', async (req, res) => {
    const session = await getSession(req, req.params.id)
    const gone = disconnected(res)
    const signal = leaving === undefined ? gone : AbortSignal.any([gone, leaving])
    const events = createEventStream(res)
    events.open()
    for await (const update of session.subscribe({ signal })) {
      if (!('parts' in update)) continue
      const { parts, contents } = update
      if (parts.includes('cart'))
        events.send({ type: 'cart', session_id: session.id, ...cartView(contents.cart) })
      // What was said is read again by whoever shows it, as far as it shows it.
      if (parts.includes('messages') || parts.includes('history'))
        events.send({ type: 'conversation', session_id: session.id })
      if (res.writableNeedDrain) await once(res, 'drain', { signal }).catch(() => {})
    }
    events.close()
  })

  router.post('/session/:id/cart/add', async (req, res) => {
    const item = toItem(req)
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

  router.get('/session/:id/orders', async (req, res) => {
    const session = await getSession(req, req.params.id)
    const orders = await session.orders()
    succeed(res, { session_id: session.id, orders: orders.map(orderView), count: orders.length })
  })

  return router
}

/**
 * The cart item of a request: for a product of the shop, the catalogue's name and price, whatever the client sends.
 * Fields that the shop does not know go into its metadata.
 */
function toItem(req: Request): CartItemInput {
  const { sku, name, price, category, qty, quantity = qty ?? 1 } = readBody(req, cartItemSchema)
  const claimed = price === undefined ? undefined : toMoney(price)
  const said = metadataOf(req.body as JsonObject)
  const product = sku === undefined ? undefined : findProduct(sku)
  if (product !== undefined) {
    const item = toCartItem(product, quantity)
    return { ...item, metadata: { ...said, ...item.metadata } }
  }
  if (name === undefined) throw missing('name')
  if (claimed === undefined) throw missing('price')
  return {
    sku: sku ?? madeSku(name),
    name,
    price: claimed,
    quantity,
    metadata: { ...said, ...(category === undefined ? {} : { category }), price_from: 'client' },
  }
}

const shownFields = new Set(['id', 'unit_price', 'price_from', 'added_at'])
const itemFields = new Set([...Object.keys(cartItemSchema.shape), ...shownFields])

/** The original fields, not the schema's copy, so that the core sees a `__proto__` and refuses it. */
function metadataOf(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !itemFields.has(name)))
}

/** The same for each item of this name, so that it joins the line that is there. */
function madeSku(name: string): string {
  const words = name.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['item']
  return `made-${words.join('-').slice(0, 150)}`
}

function missing(path: string): SessionError {
  return new SessionError('invalid', `${path}: is needed for an item that is not in the catalogue`, { path })
}

/** The line that an item has joined or become. */
function lineOf({ items }: Cart, { sku, price, metadata }: CartItemInput): object | null {
  const line = items.findLast(
    (candidate) =>
      candidate.sku === sku &&
      candidate.price.amount === price.amount &&
      isDeepStrictEqual(candidate.metadata, metadata),
  )
  return line === undefined ? null : itemView(line)
}
