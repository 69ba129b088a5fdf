import { type Cart, type CartItem, cartTotal, itemCount, type Order } from '@sessions/core'
import { findMerchant } from '../merchants.js'
import { type Html, html } from './html.js'
import { count, money, page, pathOf, problem, shopField } from './page.js'

/** As many of one thing a cart holds. */
const most = 10_000

export interface CartPage {
  readonly shop: string | undefined
  readonly cart: Cart
  readonly orders: readonly Order[]
  /** The session has just come from another device. */
  readonly hasArrived?: boolean
  /** What was just taken out, and can be put back. */
  readonly removed?: { readonly sku: string; readonly name: string; readonly quantity: number } | undefined
  readonly error?: string | undefined
}

/** The cart on this device, where it is ordered. */
export function cartPage({ shop, cart, orders, hasArrived = false, removed, error }: CartPage): string {
  const total = cartTotal(cart)
  return page(
    hasArrived ? 'You are here now' : 'Your cart',
    html`${hasArrived ? html`<p class="lead">Your cart has come along.</p>` : undefined} ${problem(error)}
    ${removed === undefined ? undefined : undo(removed, shop)}
    ${total === undefined ? empty(hasArrived) : full(cart, total, shop)} ${history(orders, shop)}`,
    shop,
  )
}

/** Where a device has no session. */
export function noCartPage(shop: string | undefined): string {
  return page(
    'No cart on this device',
    html`<p>Here is no cart, or it went on on another device.</p>
      <p><a class="button" href="${pathOf('/continue', shop)}">Continue one by its code</a></p>
      <form method="post" action="/cart/new">
        ${shopField(shop)}
        <button class="plain">Begin a new cart</button>
      </form>`,
    shop,
  )
}

/** An order, when it was placed and later. */
export function orderPage({ id, items, total, placedAt }: Order, shop: string | undefined): string {
  const at = new Date(placedAt)
  return page(
    'Thank you',
    html`<p class="lead">Your order is placed.</p>
      <dl class="facts">
        <dt>Order number</dt>
        <dd><code id="order">${id}</code></dd>
        <dt>Placed</dt>
        <dd><time datetime="${at.toISOString()}">${sayTime(at)}</time></dd>
      </dl>
      <ul class="lines">
        ${items.map(
          (item) =>
            html`<li>
              ${what(item, `${item.quantity} × `)}<strong class="sum">${money(sumOf(item))}</strong>
            </li>`,
        )}
      </ul>
      <p class="total">
        <span>${count(itemCount({ items }), 'thing')}</span><strong>${money(total)}</strong>
      </p>
      <p class="soft">It is noted in your conversation: the assistant that you talked to knows of it, too.</p>
      <p><a href="${pathOf('/cart', shop)}">Your cart and your orders</a></p>`,
    shop,
  )
}

function full(cart: Cart, total: Order['total'], shop: string | undefined): Html {
  return html`<ul class="lines" id="cart">
      ${cart.items.map((item) => line(item, shop))}
    </ul>
    <form class="order" method="post" action="/cart/checkout">
      ${shopField(shop)}
      <input type="hidden" name="key" value="${crypto.randomUUID()}" />
      <input type="hidden" name="seen" value="${markOf(cart)}" />
      <p class="total"><span>${count(itemCount(cart), 'thing')}</span><strong>${money(total)}</strong></p>
      <button>Order for ${money(total)}</button>
    </form>`
}

/** Differs when the cart has changed since somebody saw it. */
export function markOf({ items }: Cart): string {
  return items.map(({ id, quantity, price }) => `${id}.${quantity}.${price.amount}`).join(',')
}

function line(item: CartItem, shop: string | undefined): Html {
  const { id, name, quantity } = item
  return html`<li id="line-${id}">
    ${what(item)}
    <form class="quantity" method="post" action="/cart/quantity">
      ${shopField(shop)}
      <input type="hidden" name="itemId" value="${id}" />
      <button
        name="quantity"
        value="${quantity - 1}"
        aria-label="${quantity === 1 ? 'Remove' : 'One less'} ${name}"
      >
        −
      </button>
      <span class="times">${quantity}</span>
      <button
        name="quantity"
        value="${quantity + 1}"
        aria-label="One more ${name}"
        ${quantity >= most ? html`disabled` : undefined}
      >
        +
      </button>
      <button class="text" name="quantity" value="0" aria-label="Remove all ${name}">Remove</button>
    </form>
    <strong class="sum">${money(sumOf(item))}</strong>
  </li>`
}

function what({ name, price, metadata }: CartItem, times = ''): Html {
  const merchant = findMerchant(metadata?.['merchantId'])
  const from = merchant === undefined ? '' : `${merchant.name}, `
  return html`<div class="what">
    <strong>${name}</strong
    ><span class="soft">${from}${times}${money(price)}${times === '' ? ' each' : ''}</span>
  </div>`
}

const sumOf = ({ price, quantity }: CartItem) => ({ ...price, amount: price.amount * quantity })

function undo(
  { sku, name, quantity }: { sku: string; name: string; quantity: number },
  shop: string | undefined,
): Html {
  return html`<form class="undo" role="status" method="post" action="/cart/add">
    ${shopField(shop)}
    <input type="hidden" name="sku" value="${sku}" />
    <input type="hidden" name="quantity" value="${quantity}" />
    <span>${name} is out of the cart.</span>
    <button class="text">Put it back</button>
  </form>`
}

function empty(hasArrived: boolean): Html {
  return html`<p>${hasArrived ? 'There is nothing in it yet.' : 'There is nothing in your cart.'}</p>
    <p><a class="button" href="/">Look at the products</a></p>`
}

function history(orders: readonly Order[], shop: string | undefined): Html | undefined {
  if (orders.length === 0) return undefined
  return html`<h2>Your orders</h2>
    <ul class="orders">
      ${orders
        .toReversed()
        .map(
          ({ id, total, placedAt }) =>
            html`<li>
              <a href="${pathOf(`/cart/orders/${id}`, shop)}">${sayTime(new Date(placedAt))}</a
              ><strong>${money(total)}</strong>
            </li>`,
        )}
    </ul>`
}

function sayTime(at: Date): string {
  return `${at.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })} UTC`
}
