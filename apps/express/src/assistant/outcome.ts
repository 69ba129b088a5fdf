import type { Cart, CartItemInput, JsonObject, Order } from '@sessions/core'
import type { Product } from '../catalogue/catalogue.js'
import type { Conversation } from './conversation.js'
import type { Preferences } from './preferences.js'

/** Everything that an answer depends on, in addition to the question. */
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

/**
 * The text and the actions of an answer. It is made without a change of the session; `respond` then does the actions.
 */
export interface Outcome {
  /** The reply; if it depends on the results of the cart actions, a function of them. */
  readonly say: string | ((after: { cart: Cart; order: Order | undefined }) => string)
  /** The conversation afterwards (default: unchanged). */
  readonly conversation?: Conversation
  /** A merge patch. */
  readonly preferences?: JsonObject
  readonly actions?: readonly CartAction[]
}

/** A catalogue product as a line of a cart. */
export function toCartItem({ sku, name, price, category, brand }: Product, quantity = 1): CartItemInput {
  return { sku, name, price, quantity, metadata: { category, brand } }
}
