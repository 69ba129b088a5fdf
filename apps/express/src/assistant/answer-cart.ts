import { type Cart, type CartItem, cartTotal, itemCount, type Order } from '@sessions/core'
import { findProduct, fullName } from '../catalogue/catalogue.js'
import { formatPrice } from '../money.js'
import type { CartIntent } from './intent.js'
import { type Outcome, type Situation, toCartItem } from './outcome.js'
import { sayList } from './preferences.js'
import { isMeant, resolveTarget, type Target } from './targets.js'

const empty = 'Your cart is empty. Ask for something, then say “add the first one”.'
const maxQuantity = 100

/** Shows and changes the cart. */
export function answerCart(intent: CartIntent, situation: Situation): Outcome {
  const { cart, orders, preferences } = situation
  switch (intent.type) {
    case 'cart':
      return {
        say: cart.items.length === 0 ? empty : `In your cart: ${sayItems(cart.items)}. ${sayTotal(cart)}`,
      }
    case 'cart-total':
      return { say: cart.items.length === 0 ? empty : sayTotal(cart) }
    case 'cart-clear':
      return { say: 'Your cart is empty now.', actions: [{ type: 'clear' }] }
    case 'orders':
      return { say: sayOrders(orders) }
    case 'checkout': {
      if (cart.items.length === 0) return { say: empty }
      const shipping =
        preferences.shipping === undefined ? '' : ` with ${preferences.shipping} shipping, as you like it`
      return {
        say: ({ order }) =>
          order === undefined
            ? empty
            : `Ordered${shipping}: ${sayItems(order.items)}, ${formatPrice(order.total)} in total. Your order is ${order.id}.`,
        actions: [{ type: 'checkout' }],
      }
    }
    case 'cart-add':
      return add(intent, situation)
    case 'cart-remove':
    case 'cart-quantity':
      return change(intent, situation)
  }
}

function add(
  { target, quantity }: Extract<CartIntent, { type: 'cart-add' }>,
  { conversation }: Situation,
): Outcome {
  const products = resolveTarget(target, conversation.shown, conversation.focus)
  if (products.length === 0) {
    const { length } = conversation.shown
    return {
      say:
        length === 0
          ? 'What should I add? Ask for some products first.'
          : `Which one? I showed you ${length}.`,
    }
  }
  if (quantity < 1 || quantity > maxQuantity)
    return { say: `I can add 1 to ${maxQuantity} of a thing at a time.` }
  const names = products.map((product) => `${quantity === 1 ? '' : `${quantity} × `}${fullName(product)}`)
  return {
    say: ({ cart }) => `Added ${sayList(names)} to your cart. ${sayTotal(cart)}`,
    actions: products.map((product) => ({ type: 'add', item: toCartItem(product, quantity) })),
    conversation: { ...conversation, focus: products.at(-1)!.sku },
  }
}

function change(
  intent: Extract<CartIntent, { type: 'cart-remove' | 'cart-quantity' }>,
  { cart, conversation }: Situation,
): Outcome {
  if (cart.items.length === 0) return { say: empty }
  const lines = linesOf(intent.target, cart, conversation.focus)
  if (lines.length === 0) return { say: `That is not in your cart. There is: ${sayItems(cart.items)}.` }
  const names = sayList(lines.map(nameOf))
  const after = ({ cart }: { cart: Cart }): string =>
    cart.items.length === 0 ? 'Your cart is empty now.' : sayTotal(cart)
  if (intent.type === 'cart-remove' || intent.quantity === 0) {
    return {
      say: (so) => `Removed ${names}. ${after(so)}`,
      actions: lines.map(({ id: itemId }) => ({ type: 'remove', itemId })),
    }
  }
  const { quantity } = intent
  if (quantity > maxQuantity) return { say: `I can put at most ${maxQuantity} of a thing in your cart.` }
  return {
    say: (so) => `Now ${quantity} × ${names}. ${after(so)}`,
    actions: lines.map(({ id: itemId }) => ({ type: 'quantity', itemId, quantity })),
  }
}

/** The lines of the cart that a target means; places count lines of the cart, not products of the last list. */
function linesOf(target: Target, { items }: Cart, focus: string | undefined): CartItem[] {
  switch (target.kind) {
    case 'all':
      return [...items]
    case 'places':
      return target.places.flatMap((place) =>
        place === 0 ? [] : (items.at(place < 0 ? place : place - 1) ?? []),
      )
    case 'it': {
      const focused = items.find(({ sku }) => sku === focus) ?? items.at(-1)
      return focused === undefined ? [] : [focused]
    }
    case 'cheapest':
    case 'dearest': {
      const sorted = items.toSorted((one, other) => one.price.amount - other.price.amount)
      return sorted.slice(target.kind === 'cheapest' ? 0 : -1).slice(0, 1)
    }
    case 'named':
      return items.filter(({ sku, name }) =>
        target.skus.some((wanted) => wanted === sku || name.startsWith(findProduct(wanted)?.name ?? '\0')),
      )
    case 'category':
      return items.filter((item) => isMeant(productOf(item), target)).slice(-1)
  }
}

/** The name of a line, also for a product that the catalogue does not have. */
function productOf({ sku, name, metadata }: CartItem): { name: string; brand: string; category: string } {
  const { brand, category } = metadata ?? {}
  return (
    findProduct(sku) ?? {
      name,
      brand: typeof brand === 'string' ? brand : '',
      category: typeof category === 'string' ? category : '',
    }
  )
}

function nameOf(item: CartItem): string {
  return fullName(productOf(item))
}

function sayItems(items: readonly CartItem[]): string {
  return sayList(
    items.map(
      (item) =>
        `${item.quantity} × ${nameOf(item)} (${formatPrice(item.price)}${item.quantity > 1 ? ' each' : ''})`,
    ),
  )
}

function sayTotal(cart: Cart): string {
  const total = cartTotal(cart)
  if (total === undefined) return 'Your cart is empty.'
  const count = itemCount(cart)
  return `That is ${formatPrice(total)} for ${count === 1 ? 'one thing' : `${count} things`}.`
}

function sayOrders(orders: readonly Order[]): string {
  if (orders.length === 0) return 'You have not ordered anything yet.'
  return orders
    .map(
      (order) => `You ordered ${sayItems(order.items)} for ${formatPrice(order.total)} (order ${order.id}).`,
    )
    .join('\n')
}
