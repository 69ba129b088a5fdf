import * as z from 'zod/mini'
import { SessionError } from '../errors.js'
import { newId } from '../ids.js'
import { isSameJson, type JsonObject } from '../json.js'
import { parseWith, timeSchema } from '../parse.js'

/** An amount in the smallest unit of its currency: 99900 and `USD` are 999 dollars. */
export interface Money {
  /** In minor units, such as cents: a whole number. */
  readonly amount: number
  /** ISO 4217. */
  readonly currency: string
}

/** One line of a cart. */
export interface CartItem {
  /** Names the line in the cart. */
  readonly id: string
  /** What is sold: lines of one `sku` and one price are one line. */
  readonly sku: string
  /** As the user reads it. */
  readonly name: string
  /** How many, 1 to 10,000. */
  readonly quantity: number
  /** Of one item. */
  readonly price: Money
  /** Epoch ms, by the clock of the process that added it. */
  readonly addedAt: number
  /** Any JSON that belongs to the line, such as a category or a variant. */
  readonly metadata?: JsonObject | undefined
}

/** A cart holds one currency: that of its first item. */
export interface Cart {
  /** The lines, in the order in which they were added. */
  readonly items: readonly CartItem[]
}

/** What a caller passes to add an item to the cart. */
export interface CartItemInput {
  /** What is sold, as your catalogue names it. */
  sku: string
  /** As the user reads it. */
  name: string
  /** Of one item. */
  price: Money
  /** 1 to 10,000 (default 1). */
  quantity?: number
  /** Any JSON that belongs to the line (default: none). */
  metadata?: JsonObject
}

/** A cart that was checked out. */
export interface Order {
  /** Names the order. */
  readonly id: string
  /** The lines of the cart at that moment. */
  readonly items: readonly CartItem[]
  /** Of all lines. */
  readonly total: Money
  /** Epoch ms, an estimate of the store's clock. */
  readonly placedAt: number
}

const maxQuantity = 10_000
const maxLines = 500
// Beyond it, sums are not exact.
const mostTotal = Number.MAX_SAFE_INTEGER

const quantitySchema = z.int().check(z.minimum(1), z.maximum(maxQuantity))

/** An amount in minor units with its currency; a fraction or a negative amount is refused. */
export const moneySchema = z.strictObject({
  amount: z.int().check(z.minimum(0), z.maximum(1_000_000_000_000)),
  currency: z.string().check(z.regex(/^[A-Z]{3}$/, { error: 'must be an ISO 4217 code such as USD' })),
})

export const cartItemInputSchema = z.strictObject({
  sku: z.string().check(z.minLength(1), z.maxLength(200)),
  name: z.string().check(z.minLength(1), z.maxLength(500)),
  price: moneySchema,
  quantity: z.optional(quantitySchema),
  metadata: z.optional(z.record(z.string(), z.unknown())),
})

/** A JSON object that was parsed from JSON text, so only its being an object has to be checked. */
export const storedJsonObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
)

export const cartItemSchema = z.looseObject({
  id: z.string(),
  sku: z.string(),
  name: z.string(),
  quantity: z.int(),
  price: z.looseObject({ amount: z.int(), currency: z.string() }),
  addedAt: z.number(),
  metadata: z.optional(storedJsonObject),
})

const limitedItem = z.looseObject({
  ...cartItemInputSchema.shape,
  price: z.looseObject(moneySchema.shape),
  id: z.string().check(z.minLength(1)),
  quantity: quantitySchema,
  addedAt: timeSchema,
})
const limitedItems = z.array(limitedItem).check(
  z.maxLength(maxLines),
  z.refine((items) => new Set(items.map(({ id }) => id)).size === items.length, {
    error: 'two lines have the same id',
  }),
  z.refine((items) => items.every(({ price }) => price.currency === items[0]!.price.currency), {
    error: 'a cart holds one currency',
  }),
  z.refine((items) => sumOf(items) <= mostTotal, { error: 'the total is too large to be exact' }),
)

/** A cart that somebody could have filled, and orders that came of such carts. */
export const limitedCartSchema = z.object({ items: limitedItems })
export const limitedOrdersSchema = z.array(
  z.object({
    id: z.string(),
    items: limitedItems,
    total: z.object({ amount: z.int().check(z.minimum(0)), currency: moneySchema.shape.currency }),
    placedAt: timeSchema,
  }),
)

export const orderSchema = z.looseObject({
  id: z.string(),
  items: z.array(cartItemSchema),
  // Earlier releases placed orders whose total no number holds exactly: nobody must lose a session over them.
  total: z.looseObject({ amount: z.custom<number>(Number.isInteger), currency: z.string() }),
  placedAt: z.number(),
})

export const emptyCart: Cart = { items: [] }

/**
 * The cart with one more item. An item of the same sku, price and metadata joins the existing line.
 *
 * @throws `invalid` for a wrong item, another currency than the cart's, or a quantity over 10,000; `too_large` for
 * more than 500 lines, and for a total that no number holds exactly.
 */
export function addToCart(cart: Cart, input: CartItemInput, at: number, path = 'item'): Cart {
  const item = parseWith(cartItemInputSchema, input, path)
  const metadata = item.metadata as JsonObject | undefined
  const currency = cart.items[0]?.price.currency
  if (currency !== undefined && currency !== item.price.currency) {
    const where = `${path}.price.currency`
    throw new SessionError('invalid', `${where}: the cart is in ${currency}`, { path: where })
  }
  const quantity = item.quantity ?? 1
  const same = cart.items.find((line) => joins(line, item.sku, item.price.amount, metadata))
  if (same !== undefined) return setCartQuantity(cart, same.id, same.quantity + quantity, `${path}.quantity`)
  if (cart.items.length >= maxLines) {
    throw new SessionError('too_large', `the cart already has ${maxLines} lines`, { path })
  }
  const line: CartItem = {
    id: newId(),
    sku: item.sku,
    name: item.name,
    quantity,
    price: item.price,
    addedAt: at,
    ...(metadata === undefined ? {} : { metadata }),
  }
  return withExactTotal(cart, { ...cart, items: [...cart.items, line] }, path)
}

function joins(line: CartItem, sku: string, amount: number, metadata: JsonObject | undefined): boolean {
  return line.sku === sku && line.price.amount === amount && isSameJson(line.metadata ?? {}, metadata ?? {})
}

/**
 * The cart with another quantity of one line; 0 removes it.
 *
 * @throws `not_found` for an unknown line, `invalid` for a quantity that is no whole number from 0 to 10,000; `too_large`
 * for a total that no number holds exactly.
 */
export function setCartQuantity(cart: Cart, itemId: string, quantity: number, path = 'quantity'): Cart {
  if (quantity === 0) return removeFromCart(cart, itemId)
  parseWith(quantitySchema, quantity, path)
  mustHold(cart, itemId)
  const items = cart.items.map((line) => (line.id === itemId ? { ...line, quantity } : line))
  return withExactTotal(cart, { ...cart, items }, path)
}

/** The cart without one line. @throws `not_found` for an unknown line. */
export function removeFromCart(cart: Cart, itemId: string): Cart {
  mustHold(cart, itemId)
  return { ...cart, items: cart.items.filter((line) => line.id !== itemId) }
}

function mustHold(cart: Cart, itemId: string): void {
  if (!cart.items.some((line) => line.id === itemId)) {
    throw new SessionError('not_found', 'There is no such item in the cart.', { path: 'itemId' })
  }
}

/** The number of items in the cart, over all lines. */
export function itemCount(cart: Cart): number {
  return cart.items.reduce((sum, line) => sum + line.quantity, 0)
}

/** The total price of the cart; undefined when the cart is empty, because then it has no currency. */
export function cartTotal(cart: Cart): Money | undefined {
  const currency = cart.items[0]?.price.currency
  if (currency === undefined) return undefined
  return { amount: sumOf(cart.items), currency }
}

function sumOf(items: readonly Pick<CartItem, 'price' | 'quantity'>[]): number {
  return items.reduce((sum, line) => sum + line.price.amount * line.quantity, 0)
}

/** The cart after a change. One whose total was too large before may become smaller. @throws `too_large` */
function withExactTotal(before: Cart, after: Cart, path: string): Cart {
  const total = sumOf(after.items)
  if (total > mostTotal && total > sumOf(before.items)) throw tooDear(path)
  return after
}

function tooDear(path: string): SessionError {
  return new SessionError('too_large', `${path}: the total of the cart would exceed ${mostTotal}`, { path })
}

/** The order that this cart becomes at checkout. @throws `invalid` for an empty cart; `too_large` for such a total. */
export function toOrder(cart: Cart, at: number, id = newId()): Order {
  const total = cartTotal(cart)
  if (total === undefined) throw new SessionError('invalid', 'The cart is empty.', { path: 'cart' })
  if (total.amount > mostTotal) throw tooDear('cart')
  return { id, items: cart.items, total, placedAt: at }
}
