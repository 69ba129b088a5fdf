// Opens a transfer link. The secret stands after the #, which no server ever sees, so opening the page does nothing:
// what it opens is asked for, shown, and taken on a press.
const shop = document.body.dataset.shop
const section = document.querySelector('#link')
const form = document.querySelector('#code')
const secret = location.hash.slice(1)
// Out of the address, and with it out of the history, before anything else happens.
if (secret !== '') history.replaceState(null, '', location.pathname + location.search)

async function post(path, body) {
  const response = await fetch(`/v1/transfers/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(shop === '' ? {} : { 'X-Merchant': shop }) },
    body: JSON.stringify({ secret, audience: 'phone', ...body }),
  })
  return { status: response.status, body: await response.json() }
}

/** An element with text in it; nothing from anywhere is ever read as HTML. */
function element(name, text, more = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...more })
}

function show(...children) {
  section.replaceChildren(...children)
  section.hidden = false
}

function button(text, press) {
  const made = element('button', text, { type: 'button' })
  made.addEventListener('click', () => {
    made.disabled = true
    press().catch(() => fail('The gateway cannot be reached. Try again in a while.'))
  })
  return made
}

function fail(text) {
  show(element('p', text, { role: 'alert' }))
  form.hidden = false
}

const refused = (status) =>
  fail(
    status === 404
      ? 'This link opens nothing: it was used already, is too old, or is meant for somebody else.'
      : 'This did not work. Ask your other device for a new link.',
  )

const sayWhat = ({ title, messageCount, itemCount }) =>
  `${title === undefined ? 'a session' : `“${title}”`} with ${itemCount} ${itemCount === 1 ? 'thing' : 'things'} in the cart and ${messageCount} ${messageCount === 1 ? 'message' : 'messages'}.`

const modes = {
  move: 'It ends on the other device.',
  share: 'It goes on there as well.',
  copy: 'This device gets a copy of its own.',
}

async function describe() {
  const { status, body } = await post('describe', {})
  if (status !== 200) return refused(status)
  const { transfer } = body
  show(
    element('p', `This link opens ${sayWhat(transfer)}`),
    element('p', modes[transfer.mode]),
    button('Continue here', () => redeem({})),
  )
}

async function redeem(more) {
  const { status, body } = await post('redeem', more)
  if (status === 409 && body.leaves !== undefined) {
    show(
      element('p', `This device has a session already: ${sayWhat(body.leaves)}`),
      element('p', `The other one: ${sayWhat(body.joins)}`),
      button('Leave mine, and continue with the other', () => redeem({ ...more, replace: true })),
    )
  } else if (status !== 200) {
    refused(status)
  } else if (body.status === 'pending') {
    show(
      element('p', 'Your other device asks whether this one may continue. It must show this number:'),
      element('p', body.matchCode, { className: 'match' }),
      button('I have approved it', () => redeem({ ...more, redemptionId: body.redemptionId })),
    )
  } else {
    await done(body)
  }
}

async function done({ session, returnTo }) {
  const response = await fetch(`/v1/sessions/${encodeURIComponent(session.id)}/cart`, {
    headers: shop === '' ? {} : { 'X-Merchant': shop },
  })
  const { cart } = await response.json()
  const list = element('ul', '', { id: 'cart' })
  list.append(...cart.items.map(({ quantity, name }) => element('li', `${quantity} × ${name}`)))
  document.querySelector('h1').textContent = 'You are here now'
  show(
    element('p', 'Your cart has come along:'),
    list,
    ...(returnTo === undefined ? [] : [element('a', 'Go on', { href: returnTo })]),
  )
}

if (secret !== '') {
  form.hidden = true
  describe().catch(() => fail('The gateway cannot be reached. Try again in a while.'))
}
