import {
  addToCart,
  type Cart,
  type CartItemInput,
  emptyCart,
  type Order,
  itemCount,
  removeFromCart,
  setCartQuantity,
  toOrder,
} from '../domain/cart.js'
import { SessionError } from '../errors.js'
import type { SessionEventDetails } from '../domain/events.js'
import type { ChangeOptions } from '../service/change-options.js'
import { idOfChange } from '../service/id-of-change.js'
import type { LiveSession } from '../service/live-session.js'
import { tellStoreTime } from '../service/store-time.js'
import { takeCalls } from '../service/take-calls.js'
import type { earlierOrders, OrdersOptions, PlacedOrder } from './earlier-orders.js'
import { refuseAdminReads } from './admin-reads.js'
import type { CartCounts, SessionBody } from '../domain/session-body.js'

const maxOrders = 100

type Action = SessionEventDetails['cart.changed']['action']

/** The cart of one session. Every change is atomic: adds that happen at once all count. */
export class SessionCart {
  static {
    refuseAdminReads(SessionCart.prototype, (handle) => handle.#live)
    takeCalls(SessionCart.prototype, (handle) => handle.#live.service.work)
  }

  readonly #live: LiveSession
  readonly #verbs: () => Promise<{ readonly earlierOrders: typeof earlierOrders }>

  /** @internal Made with the session. @param verbs Loads what few callers need. */
  constructor(live: LiveSession, verbs: () => Promise<{ readonly earlierOrders: typeof earlierOrders }>) {
    this.#live = live
    this.#verbs = verbs
  }

  /**
   * What the user bought in other sessions, the newest first: of the 200 that were active last; nothing without consent to
   * `memory`. Of use to tools. @throws `invalid`
   */
  async earlierOrders(options?: OrdersOptions): Promise<readonly PlacedOrder[]> {
    return (await this.#verbs()).earlierOrders(this.#live, options)
  }

  /** The cart as it is now. @throws `not_found` */
  async get(): Promise<Cart> {
    return (await this.#live.show()).body.cart
  }

  /**
   * Adds an item; an item of the same sku, price and metadata joins the existing line.
   *
   * @throws `invalid`
   *
   * @example
   * ```ts
   * import type { Session } from '@sessions/core'
   *
   * declare const session: Session
   * const cart = await session.cart.add({
   *   sku: 'IPH15',
   *   name: 'iPhone 15',
   *   quantity: 2,
   *   price: { amount: 99900, currency: 'USD' },
   * })
   * await session.cart.setQuantity(cart.items[0]!.id, 1)
   * const order = await session.cart.checkout()
   * ```
   */
  async add(item: CartItemInput, options?: ChangeOptions): Promise<Cart> {
    return this.#change('added', (cart) => addToCart(cart, item, Date.now()), options)
  }

  /**
   * Adds every line of another cart, in one change: when a visitor signs in, what they had put into the cart of an
   * earlier session. That one stays as it is.
   *
   * @throws `invalid` for a cart of another currency, and then nothing is added.
   *
   * @example
   * ```ts
   * import type { Session } from '@sessions/core'
   *
   * declare const session: Session, earlier: Session
   * await session.cart.merge(await earlier.cart.get(), { changeId: 'sign-in' })
   * await earlier.cart.clear()
   * ```
   */
  async merge(other: Cart, options?: ChangeOptions): Promise<Cart> {
    const items: unknown = (other as Cart | null | undefined)?.items
    if (!Array.isArray(items) || !items.every((item) => typeof item === 'object' && item !== null)) {
      throw new SessionError('invalid', 'items must be a list of items', { path: 'items' })
    }
    const inputs = (items as Cart['items']).map(({ sku, name, price, quantity, metadata }): CartItemInput => {
      return { sku, name, price, quantity, ...(metadata === undefined ? {} : { metadata }) }
    })
    const now = Date.now()
    const change = (cart: Cart) =>
      inputs.reduce((so, input, index) => addToCart(so, input, now, `items[${index}]`), cart)
    return this.#change('added', change, options)
  }

  /** Sets the quantity of a line; 0 removes it. @throws `not_found`, `invalid` */
  async setQuantity(itemId: string, quantity: number, options?: ChangeOptions): Promise<Cart> {
    return this.#change('quantity', (cart) => setCartQuantity(cart, itemId, quantity), options)
  }

  /** Removes a line. @throws `not_found` */
  async remove(itemId: string, options?: ChangeOptions): Promise<Cart> {
    return this.#change('removed', (cart) => removeFromCart(cart, itemId), options)
  }

  /** Takes everything out. @throws `not_found` */
  async clear(options?: ChangeOptions): Promise<Cart> {
    return this.#change('cleared', (cart) => (cart.items.length === 0 ? cart : emptyCart), options)
  }

  /**
   * Turns the cart into an order and empties it, in one change, so it is ordered once. A repeat with the same `changeId`
   * gives the same order again.
   *
   * @throws `invalid` if empty
   */
  async checkout(options?: ChangeOptions): Promise<Order> {
    const id = await idOfChange(this.#live, options?.changeId)
    let placed = false
    const now = await tellStoreTime(this.#live.service, this.#live.ref.tenantId)
    const { record, body, isRepeat } = await this.#live.update((before) => {
      placed = !before.orders.some((order) => order.id === id)
      if (!placed) return before
      const order = toOrder(before.cart, now, id)
      const counts = { ...before.cartCounts, purchased: before.cartCounts.purchased + itemCount(before.cart) }
      const orders = [...before.orders, order].slice(-maxOrders)
      return { ...before, cart: emptyCart, orders, cartCounts: counts }
    }, options)
    const order = body.orders.findLast((each) => each.id === id)
    if (order === undefined) {
      throw new SessionError('invalid', 'changeId: another change has this id', { path: 'changeId' })
    }
    if (!placed || isRepeat === true) return order
    this.#live.emit('cart.changed', record, {
      action: 'checkedOut',
      revision: record.revision,
      itemCount: 0,
    })
    this.#live.emit('order.placed', record, { orderId: order.id, total: order.total })
    return order
  }

  async #change(action: Action, change: (cart: Cart) => Cart, options?: ChangeOptions): Promise<Cart> {
    let changed = false
    const { record, body, isRepeat } = await this.#live.update((before) => {
      const cart = change(before.cart)
      changed = cart !== before.cart
      return changed ? { ...before, cart, cartCounts: counted(before, cart) } : before
    }, options)
    if (changed && isRepeat !== true) {
      const { revision } = record
      this.#live.emit('cart.changed', record, { action, revision, itemCount: itemCount(body.cart) })
    }
    return body.cart
  }
}

function counted(before: SessionBody, after: Cart): CartCounts {
  const difference = itemCount(after) - itemCount(before.cart)
  const { added, removed, ...others } = before.cartCounts
  return { ...others, added: added + Math.max(difference, 0), removed: removed + Math.max(-difference, 0) }
}
