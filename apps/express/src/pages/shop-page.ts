import {
  type Cart,
  type CartItem,
  cartTotal,
  itemCount,
  type JsonObject,
  type Message,
  type Order,
  textOf,
} from '@sessions/core'
import { catalogue, categories, fullName, type Product } from '../catalogue/catalogue.js'
import { plural } from '../catalogue/words.js'
import { formatPrice } from '../money.js'
import { type Html, html } from './html.js'
import { page } from './layout.js'

export interface ShopPage {
  /** The public id of the session, if there is one. */
  readonly sessionId: string | undefined
  readonly messages: readonly Message[]
  /** The products of the last reply. */
  readonly shown: readonly Product[]
  readonly cart: Cart
  readonly orders: readonly Order[]
  readonly preferences: JsonObject
  /** What went wrong with the form that led here. */
  readonly notice?: string | undefined
  /** What was asked and not answered, so that nobody has to type it again. */
  readonly question?: string | undefined
}

const hints = [
  'What smartphones do you have?',
  'Something cheaper',
  'Add the second one',
  'My budget is 500 to 1000',
  'What did I ask first?',
]
/** As many of one thing a cart holds. */
const most = 10_000
const welcomed = ['GS24-128', 'MBA13-8', 'WH1000XM5', 'KINDLE']

/** The shop: the conversation, and beside it the cart, the orders and the preferences. */
export function shopPage(shop: ShopPage): string {
  const { sessionId, messages, shown, notice = '', question } = shop
  const said = messages.filter(({ role }) => role === 'user' || role === 'assistant')
  return page(
    'Shopping Assistant',
    html`<header>
        <span class="name">Shopping Assistant</span>
        <p class="soft">Phones, laptops, headphones and more: ask, choose, order.</p>
        <a href="#cart-title" id="to-cart">${sayCount(shop.cart)}</a>
        <form method="get" action="/page/new" id="fresh" ${said.length === 0 ? html`hidden` : undefined}>
          <button class="plain" aria-label="New conversation">New<span> conversation</span></button>
        </form>
      </header>
      <main data-session="${sessionId ?? ''}" id="main">
        <section class="chat" aria-label="Conversation">
          <div id="scroll" tabindex="0" role="region" aria-label="Messages">
            ${said.length === 0 ? welcome() : undefined}
            <ol id="log" aria-live="polite">
              ${said.map(messageLine)}
            </ol>
            <ul class="cards" id="shown" aria-label="Products of the last answer">
              ${shown.map(productCard)}
            </ul>
          </div>
          <div class="foot">
            <p id="notice" role="status">${notice}</p>
            <form id="hints" class="hints" method="post" action="/page/ask" aria-label="Things to say">
              ${hints.map((hint) => html`<button name="q" value="${hint}">${hint}</button>`)}
            </form>
            <form id="ask" method="post" action="/page/ask" autocomplete="off">
              <label class="hidden" for="q">Your question</label>
              <input
                id="q"
                name="q"
                dir="auto"
                maxlength="4000"
                required
                placeholder="Ask for a product"
                value="${question ?? ''}"
              />
              <button type="submit" id="send">Send</button>
              <button type="button" id="stop" class="plain" hidden>Stop</button>
            </form>
          </div>
        </section>
        <aside id="side" aria-label="Cart, orders and preferences">${side(shop)}</aside>
      </main>
      <dialog id="anew" aria-labelledby="anew-title">
        <form method="post" action="/page/new">
          <h2 id="anew-title">Begin a new conversation?</h2>
          <p>What was said here is removed. Your cart, your orders and what you like stay.</p>
          <div class="row">
            <button>Begin anew</button
            ><button class="plain" formmethod="dialog" autofocus>Keep this one</button>
          </div>
        </form>
      </dialog>`,
    { hasScript: true },
  )
}

/** What stands beside the conversation; the script fetches it again after each change. */
export function side({ sessionId, cart, orders, preferences }: ShopPage): Html {
  const total = cartTotal(cart)
  return html`<section aria-labelledby="cart-title">
      <h2 id="cart-title" tabindex="-1" data-count="${sayCount(cart)}">Cart</h2>
      <ul id="cart" class="lines">
        ${cart.items.map(cartLine)}
      </ul>
      ${
        total === undefined
          ? html`<p class="soft" id="total">Nothing in it yet.</p>`
          : html`<p class="total" id="total">
                <span>${itemCount(cart)} in all</span><strong>${formatPrice(total)}</strong>
              </p>
              <div class="row">
                <form method="post" action="/page/checkout" data-api="checkout">
                  <input type="hidden" name="seen" value="${markOf(cart)}" />
                  <button>Order for ${formatPrice(total)}</button>
                </form>
                <form method="post" action="/page/clear" data-api="clear">
                  <button class="plain">Empty</button>
                </form>
              </div>`
      }
    </section>
    ${
      orders.length === 0
        ? undefined
        : html`<section aria-labelledby="orders-title">
            <h2 id="orders-title">Your orders</h2>
            <ul class="lines" id="orders">
              ${orders.toReversed().map(orderLine)}
            </ul>
          </section>`
    }
    <section aria-labelledby="preferences-title">
      <h2 id="preferences-title">What you like</h2>
      <form id="preferences" method="post" action="/page/preferences" autocomplete="off">
        ${field('Budget, in dollars', 'budget_range', '500-1000', preferences)}
        ${field('Brands', 'preferred_brands', 'Samsung, Sony', preferences)}
        ${field('Looking for', 'device_type', 'smartphone', preferences)}
        <p id="preferences-problem" role="alert" hidden></p>
        <button class="plain">Save</button>
      </form>
    </section>
    <p class="soft fine">
      ${sessionId === undefined ? 'Nothing is kept before you ask or choose something.' : 'Kept for a day after your last visit.'}
    </p>`
}

/** Differs when the cart has changed since somebody saw it. */
export function markOf({ items }: Cart): string {
  return items.map(({ id, quantity, price }) => `${id}.${quantity}.${price.amount}`).join(',')
}

export function productCard(product: Product): Html {
  const { sku, category, price, rating, description } = product
  return html`<li class="card">
    <p class="kind">${category}<span title="Rating">★ ${rating}</span></p>
    <h3>${fullName(product)}</h3>
    <p class="soft">${description}</p>
    <form class="offer" method="post" action="/page/add" data-api="add">
      <input type="hidden" name="sku" value="${sku}" />
      <strong>${formatPrice(price)}</strong>
      <button aria-label="Add ${fullName(product)} to the cart">Add</button>
    </form>
  </li>`
}

export const sumOf = ({ price, quantity }: CartItem) =>
  formatPrice({ ...price, amount: price.amount * quantity })

export function sayTime(at: number): string {
  return `${new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })} UTC`
}

function sayCount(cart: Cart): string {
  return `Cart: ${itemCount(cart)}`
}

function welcome(): Html {
  const kinds = categories.map((kind) => {
    const count = catalogue.filter(({ category }) => category === kind).length
    return html`<button name="q" value="Show me ${plural(kind)}" form="hints">
      ${plural(kind)} <span>${count}</span>
    </button>`
  })
  return html`<div id="welcome">
    <h1>What are you looking for?</h1>
    <p>
      Ask in your own words. The assistant remembers what it has shown, what you like and what is in your
      cart, also when you come back.
    </p>
    <div class="hints" role="group" aria-label="Kinds of products">${kinds}</div>
    <h2>To begin with</h2>
    <ul class="cards">
      ${catalogue.filter(({ sku }) => welcomed.includes(sku)).map(productCard)}
    </ul>
  </div>`
}

function messageLine({ role, content, status }: Message): Html {
  return html`<li class="${role}">
    <span class="hidden">${role === 'user' ? 'You: ' : 'Assistant: '}</span
    ><span dir="auto"
      >${textOf({ content })}${status === 'aborted' ? html` <em>(stopped)</em>` : undefined}</span
    >
  </li>`
}

function cartLine(item: CartItem): Html {
  const { id, name, quantity, price } = item
  return html`<li>
    <div class="what"><strong>${name}</strong><span class="soft">${formatPrice(price)} each</span></div>
    <form
      class="quantity"
      method="post"
      action="/page/quantity"
      data-api="quantity"
      data-line="${JSON.stringify(item)}"
    >
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
    <strong class="sum">${sumOf(item)}</strong>
  </li>`
}

function orderLine({ id, total, placedAt }: Order): Html {
  return html`<li class="past">
    <a href="/orders/${id}">${sayTime(placedAt)}</a><strong class="sum">${formatPrice(total)}</strong>
  </li>`
}

function field(label: string, name: string, example: string, preferences: JsonObject): Html {
  const value = preferences[name] ?? ''
  const text = Array.isArray(value) ? value.join(', ') : typeof value === 'object' ? '' : String(value)
  return html`<label
    >${label} <input name="${name}" placeholder="${example}" maxlength="300" value="${text}"
  /></label>`
}
