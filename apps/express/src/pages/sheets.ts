import type { Order } from '@sessions/core'
import { formatPrice } from '../money.js'
import { html } from './html.js'
import { sheet } from './layout.js'
import { sayTime, sumOf } from './shop-page.js'

/** The confirmation of an order, when it was placed and later. */
export function orderPage({ id, items, total, placedAt }: Order): string {
  return sheet(
    'Thank you',
    html`<p class="lead">Your order is placed.</p>
      <dl class="facts">
        <dt>Order number</dt>
        <dd><code id="order">${id}</code></dd>
        <dt>Placed</dt>
        <dd><time datetime="${new Date(placedAt).toISOString()}">${sayTime(placedAt)}</time></dd>
      </dl>
      <ul class="lines">
        ${items.map(
          (item) =>
            html`<li>
              <div class="what">
                <strong>${item.name}</strong
                ><span class="soft">${item.quantity} × ${formatPrice(item.price)}</span>
              </div>
              <strong class="sum">${sumOf(item)}</strong>
            </li>`,
        )}
      </ul>
      <p class="total"><span>In all</span><strong>${formatPrice(total)}</strong></p>
      <p class="soft">You find it again under “Your orders”, as long as your session lasts.</p>`,
  )
}

/** Asks before a conversation is cleared. */
export function newPage(): string {
  return sheet(
    'Begin a new conversation?',
    html`<p>What was said here is removed. Your cart, your orders and what you like stay.</p>
      <form class="row" method="post" action="/page/new">
        <button>Begin anew</button>
        <a class="button plain" href="/">Keep this one</a>
      </form>`,
  )
}

/** What went wrong, in words. */
export function troublePage(status: number): string {
  const text =
    status === 404
      ? 'There is nothing here, or it belongs to a session that has ended.'
      : status === 403
        ? 'This form came from another site, so nothing was done.'
        : status === 429
          ? 'That was too fast. Wait a minute, go back, and try again.'
          : status < 500
            ? 'This was not understood. Go back, and try again.'
            : 'The shop cannot answer now. Nothing is lost: go back, and try again in a minute.'
  return sheet('This did not work', html`<p role="alert">${text}</p>`)
}
