import { findMerchant } from '../merchants.js'
import { type Html, html } from './html.js'

/** A whole page. It works without JavaScript; `script` only adds to it. */
export function page(title: string, body: Html, shop?: string): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="/icon.svg" />
        <link rel="stylesheet" href="/page.css" />
      </head>
      <body data-shop="${shop ?? ''}">
        <header class="top"><a href="/">The marketplace</a>${shopName(shop)}</header>
        <main class="narrow">
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`.text
}

/** When something went wrong that the person at the page did not do. */
export function troublePage(status: number): string {
  // What the caller did wrong does not go better in a minute.
  const text = troubles[status] ?? (status < 500 ? notUnderstood : unavailable)
  return page(
    'This did not work',
    html`<p role="alert">${text}</p>
      <p><a href="/">Back to the marketplace</a></p>`,
  )
}

const unavailable = 'The gateway cannot answer now. Nothing is lost: go back, and try again in a minute.'
const notUnderstood = 'This page was not understood. Go back, and try again.'
const troubles: Readonly<Record<number, string>> = {
  403: 'This form came from another site, so nothing was done.',
  404: 'There is nothing here.',
  409: 'Something else changed this at the same moment. Go back, and look again.',
  429: 'That was too fast. Wait a minute, go back, and try again.',
}

export function problem(error: string | undefined): Html | undefined {
  return error === undefined ? undefined : html`<p role="alert">${error}</p>`
}

/** The field that passes the shop from form to form. */
export function shopField(shop: string | undefined): Html | undefined {
  return shop === undefined ? undefined : html`<input type="hidden" name="shop" value="${shop}" />`
}

/** A path of this gateway, for the shop. */
export function pathOf(path: string, shop: string | undefined, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ ...(shop === undefined ? {} : { shop }), ...more }).toString()
  return query === '' ? path : `${path}?${query}`
}

/** A price for people. */
export function money({ amount, currency }: { amount: number; currency: string }): string {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount / 100)
}

/** `1 thing`, `3 things`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function shopName(shop: string | undefined): Html | undefined {
  const merchant = findMerchant(shop)
  return merchant === undefined ? undefined : html`<span>${merchant.name}</span>`
}
