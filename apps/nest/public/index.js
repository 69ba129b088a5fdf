// A laptop's side of it: calls tools as an assistant would, shows where to go on, and sees when it has gone on there.
import {
  beginAnew,
  execute,
  gatewayNow,
  sessionId,
  setQuantity,
  viewCart,
  watch,
  watchTabs,
} from './gateway.js'
import { renderSVG } from './uqr/index.mjs'

const at = (selector) => document.querySelector(selector)
const money = ({ amount, currency }) =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount / 100)
/** As many of one thing a cart holds. */
const most = 10_000
const things = (count) => `${count} thing${count === 1 ? '' : 's'}`

/** An element with text in it; nothing from anywhere is ever read as HTML. */
function element(name, more = {}, ...children) {
  const made = Object.assign(document.createElement(name), more)
  made.append(...children)
  return made
}

function say(text) {
  at('#problem').textContent = text
  at('#problem').hidden = text === ''
}

/** Does what a person asked for, and says what went wrong with it. */
async function attempt(work) {
  say('')
  try {
    await work()
  } catch (error) {
    if (error.status === 404 && sessionId() !== null) return goneFrom()
    say(error.message)
    // What was asked for may have been done, and only the answer got lost.
    if (error.status === 0)
      await viewCart()
        .then(showCart)
        .catch(() => {})
  }
}

/** What a press does, once at a time. A button that were disabled meanwhile would lose the focus. */
async function once(button, work) {
  if (button.ariaDisabled === 'true') return
  const hadFocus = document.activeElement === button
  button.ariaDisabled = 'true'
  await attempt(work)
  button.ariaDisabled = null
  // Who uses the keyboard stays near what they did when its button is gone.
  if (hadFocus && document.activeElement === document.body) at('#cart-title').focus({ preventScroll: true })
}

function press(text, work, more = {}) {
  const made = element('button', { type: 'button', textContent: text, ...more })
  made.addEventListener('click', () => void once(made, work))
  return made
}

let stopWatching
let wasOffered = false

/** The cart is on another device now, or has ended. No other begins before a person says so. */
function goneFrom() {
  stopWatching?.()
  stopWatching = undefined
  at('#gone-text').textContent = wasOffered
    ? 'Your cart is on your phone now. Order there; this device can do no more with it.'
    : navigator.cookieEnabled
      ? 'Your cart has left this device: it went on on another one, or has ended.'
      : 'This browser forbids cookies. Without them no cart stays yours.'
  at('#gone').hidden = false
  at('#here').hidden = true
  at('#bar').hidden = true
  at('#transfer').hidden = true
  for (const button of at('#products').querySelectorAll('button')) button.disabled = true
}

async function change(item, quantity) {
  const { cart } = await setQuantity(item.id, quantity)
  showCart(cart)
  at('#undo').hidden = quantity > 0
  if (quantity > 0) return
  const back = async () => {
    showCart(await execute('add_to_cart', { sku: item.sku, quantity: Math.min(100, item.quantity) }))
    at('#undo').hidden = true
  }
  at('#undo').replaceChildren(
    element('span', { textContent: `${item.name} is out of the cart.` }),
    press('Put it back', back, { className: 'text' }),
  )
}

function line(item) {
  const { name, quantity, price } = item
  const sum = money({ ...price, amount: price.amount * quantity })
  const more = (text, by, label) => {
    const made = press(text, () => change(item, quantity + by), { ariaLabel: `${label} ${name}` })
    made.dataset.act = `${text} ${item.id}`
    return made
  }
  const another = more('+', 1, 'One more')
  another.disabled = quantity >= most
  return element(
    'li',
    {},
    element(
      'div',
      { className: 'what' },
      element('strong', { textContent: name }),
      element('span', { className: 'soft', textContent: `${money(price)} each` }),
    ),
    element(
      'div',
      { className: 'quantity' },
      more('−', -1, quantity === 1 ? 'Remove' : 'One less'),
      element('span', { className: 'times', textContent: `${quantity}` }),
      another,
    ),
    element('strong', { className: 'sum', textContent: sum }),
  )
}

function showCart({ items }) {
  at('#here').hidden = false
  const amount = items.reduce((sum, { price, quantity }) => sum + price.amount * quantity, 0)
  const count = items.reduce((sum, { quantity }) => sum + quantity, 0)
  // The cart is drawn again; the button that was pressed keeps the focus.
  const { act } = document.activeElement.dataset
  at('#cart').replaceChildren(...items.map(line))
  if (act !== undefined) at(`#cart [data-act="${CSS.escape(act)}"]`)?.focus()
  at('#empty').hidden = count > 0
  at('#full').hidden = count === 0
  at('#bar').hidden = count === 0
  if (count === 0) at('#transfer').hidden = true
  else {
    const total = money({ amount, currency: items[0].price.currency })
    at('#things').textContent = things(count)
    at('#total').textContent = total
    at('#bar').textContent = `${things(count)}, ${total}: to your cart`
  }
  if (sessionId() !== null) stopWatching ??= watch({ changed: () => void look(), ended: goneFrom })
}

const look = () => attempt(async () => showCart(await viewCart()))

/** The cart that has been begun meanwhile, in this tab or in another. */
async function takeUp() {
  stopWatching?.()
  stopWatching = undefined
  wasOffered = false
  at('#gone').hidden = true
  at('#transfer').hidden = true
  at('#undo').hidden = true
  for (const button of at('#products').querySelectorAll('button')) button.disabled = false
  await look()
}

let expiry
function showTransfer({ url, shortCode, expiresAt }) {
  wasOffered = true
  Object.assign(at('#url'), { href: url, textContent: url })
  at('#short-code').textContent = `${shortCode.slice(0, 4)} ${shortCode.slice(4)}`
  at('#page').textContent = url.split('#')[0]
  const picture = new DOMParser().parseFromString(
    renderSVG(url, { border: 3 }),
    'image/svg+xml',
  ).documentElement
  picture.setAttribute('role', 'img')
  picture.setAttribute('aria-label', 'The link, as a QR code')
  at('#qr').replaceChildren(picture)
  at('#loopback').hidden = !/^(127\.|localhost$|\[::1\]$)/.test(new URL(url).hostname)
  at('#until').textContent =
    `Both work once, until ${new Date(expiresAt).toLocaleTimeString('en-GB', { timeStyle: 'short' })}.`
  at('#transfer').hidden = false
  at('#transfer').scrollIntoView({ block: 'nearest' })
  clearTimeout(expiry)
  expiry = setTimeout(
    () => {
      at('#transfer').hidden = true
      say('The link and the code are too old now. Make new ones when you need them.')
    },
    Date.parse(expiresAt) - gatewayNow(),
  )
}

// A product goes into the cart by a form, and here without leaving the page.
at('#products').addEventListener('submit', (event) => {
  event.preventDefault()
  const sku = new FormData(event.target).get('sku')
  const button = event.target.querySelector('button')
  void once(button, async () => showCart(await execute('add_to_cart', { sku })))
})

at('#continue').addEventListener('click', () =>
  attempt(async () => showTransfer(await execute('continue_elsewhere', { to: 'phone' }))),
)
at('#anew').addEventListener('click', () =>
  attempt(async () => {
    await beginAnew()
    await takeUp()
  }),
)
watchTabs(() => void takeUp())
addEventListener('online', () => void look())
// What leads to the cart goes where the cart is in sight.
new IntersectionObserver(([{ isIntersecting }]) => at('#bar').classList.toggle('arrived', isIntersecting), {
  rootMargin: '0px 0px -80px',
}).observe(document.querySelector('aside'))

await look()
