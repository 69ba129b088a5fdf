import {
  type Cart,
  type CartItem,
  cartTotal,
  type JsonObject,
  type Message,
  type Order,
  itemCount,
  type SessionInfo,
  textOf,
} from '@sessions/core'
import { toMajorUnits } from '../money.js'

/** Epoch milliseconds in the format of the wire. */
export function toIso(at: number): string {
  return new Date(at).toISOString()
}

export function messageView({ id, seq, role, content, at, status }: Message): object {
  return {
    id,
    seq,
    role,
    content: textOf({ content }),
    timestamp: toIso(at),
    ...(status === 'completed' ? {} : { status }),
  }
}

/**
 * A line of the cart: `price` in major units, as in the guide, `unit_price` for calculation, and whatever the client said
 * of it.
 */
export function itemView({ id, sku, name, quantity, price, addedAt, metadata = {} }: CartItem): object {
  return {
    ...metadata,
    id,
    sku,
    name,
    quantity,
    price: toMajorUnits(price),
    unit_price: price,
    added_at: toIso(addedAt),
  }
}

export function cartView(cart: Cart): { cart: object[]; item_count: number; total: object | null } {
  return { cart: cart.items.map(itemView), item_count: itemCount(cart), total: cartTotal(cart) ?? null }
}

export function orderView({ id, items, total, placedAt }: Order): object {
  return { order_id: id, items: items.map(itemView), total, placed_at: toIso(placedAt) }
}

/** As in the guide, with the fields that it promises and lacks: durations as numbers, cart behaviour. */
export function infoView(info: SessionInfo, preferences: JsonObject, cart: Cart, viewed: JsonObject): object {
  return {
    session_info: {
      session_id: info.sessionId,
      created_at: toIso(info.createdAt),
      last_active: toIso(info.updatedAt),
      ...(info.expiresAt === undefined ? {} : { expires_at: toIso(info.expiresAt) }),
      conversation_count: info.messages.total,
      preferences,
      shopping_cart: cart.items.map(itemView),
    },
    analytics: {
      session_duration: sayDuration(info.durationMs),
      duration_ms: info.durationMs,
      user_message_count: info.messages.user,
      assistant_message_count: info.messages.assistant,
      top_topics: info.topics,
      viewed_products: viewed,
      cart: {
        items_added: info.cart.added,
        items_removed: info.cart.removed,
        items_purchased: info.cart.purchased,
        items_in_cart: info.cart.itemCount,
        total: info.cart.total ?? null,
        orders: info.orders,
      },
    },
  }
}

const units: readonly [name: string, ms: number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
]

/** The two largest units of a duration: `1h 15m`, `45s`, `2d 0h`. */
export function sayDuration(ms: number): string {
  const first = units.findIndex(([, unit]) => ms >= unit)
  if (first === -1) return '0s'
  const [large, small] = [units[first]!, units[first + 1]]
  const most = `${Math.floor(ms / large[1])}${large[0]}`
  return small === undefined ? most : `${most} ${Math.floor((ms % large[1]) / small[1])}${small[0]}`
}
