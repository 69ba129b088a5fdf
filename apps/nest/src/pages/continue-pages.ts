import {
  type Cart,
  cartTotal,
  type Redemption,
  type SessionPreview,
  type TransferDescription,
} from '@sessions/core'
import { type Html, html } from './html.js'

/** The fields that the form passes from page to page. */
export interface Asked {
  readonly code: string
  readonly shop: string | undefined
}

/** The form for a code; with JavaScript, it also opens a link. */
export function codePage(shop: string | undefined, error?: string): string {
  return page(
    'Continue here',
    html`${problem(error)}
      <section id="link" hidden></section>
      <form id="code" method="post" action="/continue">
        <p>Your other device shows a link and a short code. Type the code:</p>
        ${shopField(shop)}
        <label>
          Short code
          <input
            name="code"
            required
            maxlength="20"
            autocomplete="one-time-code"
            autocapitalize="characters"
          />
        </label>
        <button>Show me what it opens</button>
      </form>
      <script src="/continue.js" type="module"></script>`,
    shop,
  )
}

/** The session that will be joined, before anything happens. */
export function confirmPage(asked: Asked, transfer: TransferDescription): string {
  return page(
    'Continue here?',
    html`<p>${sayWhat(transfer)}</p>
      <p>${sayMode(transfer.mode)}</p>
      ${redeemForm(asked, 'Continue here')} ${cancel(asked.shop)}`,
  )
}

/** The session that this device would leave. */
export function occupiedPage(
  asked: Asked,
  { joins, leaves }: Extract<Redemption, { status: 'occupied' }>,
): string {
  return page(
    'Leave what you have here?',
    html`<p>This device has a session already: ${sayWhat(leaves)}</p>
      <p>The other one: ${sayWhat(joins)}</p>
      ${redeemForm(asked, 'Leave mine, and continue with the other', html`<input type="hidden" name="replace" value="yes" />`)}
      ${cancel(asked.shop)}`,
  )
}

/** When the source has to approve first. */
export function waitingPage(
  asked: Asked,
  { matchCode, redemptionId }: Extract<Redemption, { status: 'pending' }>,
): string {
  return page(
    'Approve it there',
    html`<p>Your other device asks whether this one may continue. It must show this number:</p>
      <p class="match">${matchCode}</p>
      ${redeemForm(
        asked,
        'I have approved it',
        html`<input type="hidden" name="redemptionId" value="${redemptionId}" />`,
      )}`,
  )
}

/** The session is on this device now. */
export function donePage(cart: Cart, returnTo: string | undefined): string {
  const total = cartTotal(cart)
  const lines = cart.items.map(({ quantity, name }) => html`<li>${quantity} × ${name}</li>`)
  return page(
    'You are here now',
    html`<p>Your cart has come along:</p>
      <ul id="cart">
        ${lines}
      </ul>
      ${total === undefined ? undefined : html`<p>Together ${money(total)}</p>`}
      ${returnTo === undefined ? undefined : html`<p><a href="${returnTo}">Go on</a></p>`}`,
  )
}

function redeemForm({ code, shop }: Asked, button: string, more?: Html): Html {
  return html`<form method="post" action="/continue/redeem">
    ${shopField(shop)}
    <input type="hidden" name="code" value="${code}" />
    ${more}
    <button>${button}</button>
  </form>`
}

function shopField(shop: string | undefined): Html | undefined {
  return shop === undefined ? undefined : html`<input type="hidden" name="shop" value="${shop}" />`
}

function cancel(shop: string | undefined): Html {
  const query = shop === undefined ? '' : `?shop=${encodeURIComponent(shop)}`
  return html`<p><a href="/continue${query}">No, leave everything as it is</a></p>`
}

function problem(error: string | undefined): Html | undefined {
  return error === undefined ? undefined : html`<p role="alert">${error}</p>`
}

function sayWhat({ title, messageCount, itemCount }: SessionPreview): string {
  const things = itemCount === 1 ? '1 thing' : `${itemCount} things`
  const messages = messageCount === 1 ? '1 message' : `${messageCount} messages`
  return `${title === undefined ? 'a session' : `“${title}”`} with ${things} in the cart and ${messages}.`
}

function sayMode(mode: TransferDescription['mode']): string {
  if (mode === 'move') return 'It ends on the other device.'
  return mode === 'share' ? 'It goes on there as well.' : 'This device gets a copy of its own.'
}

function money({ amount, currency }: { amount: number; currency: string }): string {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount / 100)
}

function page(title: string, body: Html, shop?: string): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        <link rel="stylesheet" href="/page.css" />
      </head>
      <body data-shop="${shop ?? ''}">
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`.text
}
