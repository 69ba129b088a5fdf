import { catalogue, type Product } from '../catalogue.js'
import { merchants } from '../merchants.js'
import { type Html, html } from './html.js'
import { money } from './page.js'

/** What all shops have, and the cart beside it. Without JavaScript a product goes into the cart by a form. */
export function homePage(): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>The marketplace</title>
        <link rel="icon" href="/icon.svg" />
        <link rel="stylesheet" href="/page.css" />
      </head>
      <body>
        <header class="top">
          <a href="/">The marketplace</a><span>Fill a cart here, order on the phone</span>
        </header>
        <main class="wide">
          <div id="products">
            <h1>What the shops have</h1>
            <p class="soft">This page stands in for an assistant: each button calls a tool of the gateway.</p>
            ${merchants.map(
              ({ id, name }) =>
                html`<h2>${name}</h2>
                  <ul class="cards">
                    ${catalogue.filter(({ merchantId }) => merchantId === id).map(card)}
                  </ul>`,
            )}
          </div>
          ${cart}
        </main>
        <a class="bar" id="bar" href="#cart" hidden></a>
        <script src="/index.js" type="module"></script>
      </body>
    </html>`.text
}

function card({ sku, name, description, price }: Product): Html {
  return html`<li class="card">
    <h3>${name}</h3>
    <p class="soft">${description}</p>
    <form class="offer" method="post" action="/cart/add">
      <input type="hidden" name="sku" value="${sku}" />
      <input type="hidden" name="quantity" value="1" />
      <strong>${money(price)}</strong>
      <button aria-label="Add ${name}">Add</button>
    </form>
  </li>`
}

const cart = html`<aside aria-label="Your cart">
  <h2 id="cart-title" tabindex="-1">Your cart</h2>
  <noscript
    ><p><a class="button" href="/cart">To your cart</a></p></noscript
  >
  <p id="problem" role="alert" hidden></p>
  <div id="gone" role="status" hidden>
    <p id="gone-text"></p>
    <button id="anew" type="button">Begin a new cart</button>
  </div>
  <div id="here" hidden>
    <ul id="cart" class="lines"></ul>
    <p id="undo" class="undo" role="status" hidden></p>
    <p id="empty" class="soft">There is nothing in your cart.</p>
    <div id="full" hidden>
      <p class="total"><span id="things"></span><strong id="total"></strong></p>
      <div class="row">
        <button id="continue" type="button">Continue on my phone</button>
        <a class="button plain" href="/cart">Order here</a>
      </div>
    </div>
    <section id="transfer" aria-label="Continue on my phone" hidden>
      <div id="qr"></div>
      <div>
        <p>Point the camera of the phone at the picture, or open this link there:</p>
        <p><a id="url"></a></p>
        <p>Or type this code at <span id="page"></span>:</p>
        <p class="code" id="short-code"></p>
        <p class="soft" id="until"></p>
        <p class="soft" id="loopback" hidden>
          Only this computer knows that address. For a phone, start the gateway with <code>PUBLIC_URL</code>,
          the address at which phones reach it.
        </p>
      </div>
    </section>
  </div>
</aside>`
