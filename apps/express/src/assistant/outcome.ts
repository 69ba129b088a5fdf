import type { Cart, CartItemInput, JsonObject, Order } from '@sessions/core'
import type { Product } from '../catalogue/catalogue.js'
import type { Conversation } from './conversation.js'
import type { Preferences } from './preferences.js'

/** Everything an answer depends on beside the question. */
export interface Situation {
  readonly conversation: Conversation
  readonly preferences: Preferences
  readonly cart: Cart
  readonly orders: readonly Order[]
}

export type CartAction =
  | { type: 'add'; item: CartItemInput }
  | { type: 'quantity'; itemId: string; quantity: number }
  | { type: 'remove'; itemId: string }
  | { type: 'clear' }
  | { type: 'checkout' }

/** What an answer says and does. It is made without touching the session; `respond` then does it. */
export interface Outcome {
  /** The reply; when it depends on what the cart actions led to, made of that. */
  readonly say: string | ((after: { cart: Cart; order: Order | undefined }) => string)
  /** Where the conversation stands afterwards (default: where it stood). */
  readonly conversation?: Conversation
  /** A merge patch. */
  readonly preferences?: JsonObject
  readonly actions?: readonly CartAction[]
}

/** A catalogue product as a line of a cart. */
export function toCartItem({ sku, name, price, category, brand }: Product, quantity = 1): CartItemInput {
  return { sku, name, price, quantity, metadata: { category, brand } }
}
