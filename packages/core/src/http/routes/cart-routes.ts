import type { Cart, CartItemInput } from '../../domain/cart.js'
import type { Session } from '../../session.js'
import { etagOf } from '../etag.js'
import { type RouteResponse, type Route, route } from '../route.js'
import * as schemas from '../schemas.js'
import { cartView, orderView } from '../views.js'

export const cartRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/sessions/{id}/cart',
    operation: 'getCart',
    summary: 'Shows the cart',
    response: schemas.cartReply,
    async handle({ session: find }) {
      const session = await find()
      return answer(session, (await session.read()).cart)
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/cart/items',
    operation: 'addCartItem',
    summary: 'Adds an item; one of the same sku, price and metadata joins the line that is there',
    body: schemas.itemBody,
    argument: 'item',
    status: 201,
    response: schemas.cartReply,
    async handle({ session: find, body, change }) {
      const session = await find()
      return { ...answer(session, await session.cart.add(body as CartItemInput, change)), status: 201 }
    },
  }),
  route({
    method: 'PATCH',
    path: '/sessions/{id}/cart/items/{itemId}',
    operation: 'setCartQuantity',
    summary: 'Sets the quantity of a line; 0 removes it',
    body: schemas.quantityBody,
    response: schemas.cartReply,
    async handle({ session: find, params, body, change }) {
      const session = await find()
      return answer(session, await session.cart.setQuantity(params['itemId']!, body.quantity, change))
    },
  }),
  route({
    method: 'DELETE',
    path: '/sessions/{id}/cart/items/{itemId}',
    operation: 'removeCartItem',
    summary: 'Removes a line',
    response: schemas.cartReply,
    async handle({ session: find, params, change }) {
      const session = await find()
      return answer(session, await session.cart.remove(params['itemId']!, change))
    },
  }),
  route({
    method: 'DELETE',
    path: '/sessions/{id}/cart',
    operation: 'clearCart',
    summary: 'Empties the cart',
    response: schemas.cartReply,
    async handle({ session: find, change }) {
      const session = await find()
      return answer(session, await session.cart.clear(change))
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/cart/checkout',
    operation: 'checkOut',
    summary: 'Turns the cart into an order and leaves it empty',
    status: 201,
    response: schemas.orderReply,
    async handle({ session: find, change }) {
      const session = await find()
      const order = await session.cart.checkout(change)
      return {
        status: 201,
        body: { sessionId: session.id, order: orderView(order) },
        headers: { ETag: etagOf(session.record) },
      }
    },
  }),
  route({
    method: 'GET',
    path: '/sessions/{id}/orders',
    operation: 'listOrders',
    summary: 'Shows the carts that were checked out, the oldest first',
    response: schemas.ordersReply,
    async handle({ session: find }) {
      const session = await find()
      const { orders } = await session.read()
      return {
        body: { sessionId: session.id, orders: orders.map(orderView) },
        headers: { ETag: etagOf(session.record) },
      }
    },
  }),
]

function answer(session: Session, cart: Cart): RouteResponse {
  return {
    body: { sessionId: session.id, cart: cartView(cart) },
    headers: { ETag: etagOf(session.record) },
  }
}
