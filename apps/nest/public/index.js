// A laptop's side of it: calls tools as an assistant would, and shows where to go on.
const at = (selector) => document.querySelector(selector)

async function execute(tool, input = {}) {
  const response = await fetch('/v1/execute', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ tool, input }),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.detail ?? answer.title)
  return answer.output
}

const money = ({ amount, currency }) =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount / 100)

function line(text, ...more) {
  const item = document.createElement('li')
  item.append(text, ...more)
  return item
}

function showCart({ items, total }) {
  const lines = items.map(({ name, quantity }) => line(`${quantity} × ${name}`))
  at('#cart').replaceChildren(...lines, line(total === null ? 'empty' : `together ${money(total)}`))
}

function addButton({ sku, name }) {
  const button = document.createElement('button')
  button.textContent = 'Add'
  button.ariaLabel = `Add ${name}`
  button.addEventListener('click', () => void execute('add_to_cart', { sku }).then(showCart))
  return button
}

function showTransfer({ url, shortCode }) {
  Object.assign(at('#url'), { href: url, textContent: url })
  at('#short-code').textContent = `${shortCode.slice(0, 4)} ${shortCode.slice(4)}`
  at('#page').textContent = url.split('#')[0]
  at('#transfer').hidden = false
}

at('#continue').addEventListener(
  'click',
  () => void execute('continue_elsewhere', { to: 'phone' }).then(showTransfer),
)

try {
  showCart(await execute('view_cart'))
  const { products } = await execute('search_products', { limit: 20 })
  at('#products').replaceChildren(
    ...products.map((product) => line(`${product.name}, ${money(product.price)}`, addButton(product))),
  )
} catch (error) {
  // A session that went on on another device has left this one: the page says so, and begins no other cart.
  at('#cart').replaceChildren(line('empty'))
  at('#products').replaceChildren(line(error.message))
}
