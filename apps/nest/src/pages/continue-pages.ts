import type { Redemption, SessionPreview, TransferDescription } from '@sessions/core'
import { type Html, html } from './html.js'
import { count, page, pathOf, problem, shopField } from './page.js'

/** The fields that the form passes from page to page. */
export interface Asked {
  readonly code: string
  readonly shop: string | undefined
}

export interface CodePage {
  readonly error?: string
  /** How many things are in the cart that this device has already. */
  readonly held?: number
}

/** The form for a code; with JavaScript, it also opens a link. */
export function codePage(shop: string | undefined, { error, held = 0 }: CodePage = {}): string {
  return page(
    'Continue here',
    html`${problem(error)} ${held === 0 ? undefined : mine(held, shop)}
      <section id="link" aria-live="polite" hidden></section>
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

function redeemForm({ code, shop }: Asked, button: string, more?: Html): Html {
  return html`<form method="post" action="/continue/redeem">
    ${shopField(shop)}
    <input type="hidden" name="code" value="${code}" />
    ${more}
    <button>${button}</button>
  </form>`
}

/** What came earlier is still here. */
function mine(held: number, shop: string | undefined): Html {
  return html`<p class="here" id="here">
    <span>This device has a cart with ${count(held, 'thing')}.</span>
    <a class="button" href="${pathOf('/cart', shop)}">Go to your cart</a>
  </p>`
}

function cancel(shop: string | undefined): Html {
  return html`<p><a href="${pathOf('/continue', shop)}">No, leave everything as it is</a></p>`
}

/** The title is another person's: in a `bdi` it cannot turn around what stands behind it. */
function sayWhat({ title, messageCount, itemCount }: SessionPreview): Html {
  const of = title === undefined ? 'a session' : html`“<bdi>${title}</bdi>”`
  return html`${of} with ${count(itemCount, 'thing')} in the cart and ${count(messageCount, 'message')}.`
}

function sayMode(mode: TransferDescription['mode']): string {
  if (mode === 'move') return 'It ends on the other device.'
  return mode === 'share' ? 'It goes on there as well.' : 'This device gets a copy of its own.'
}
