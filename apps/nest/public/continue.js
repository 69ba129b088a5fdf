// Opens a transfer link. The secret stands after the #, which no server ever sees, so opening the page does nothing:
// what it opens is asked for, shown, and taken on a press.
const shop = document.body.dataset.shop
const section = document.querySelector('#link')
const form = document.querySelector('#code')
const secret = location.hash.slice(1)
// Out of the address, and with it out of the history, before anything else happens.
if (secret !== '') history.replaceState(null, '', location.pathname + location.search)

/** What the gateway answers; status 0 when there is no answer. */
async function post(path, body) {
  try {
    const response = await fetch(`/v1/transfers/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(shop === '' ? {} : { 'X-Merchant': shop }) },
      body: JSON.stringify({ secret, audience: 'phone', ...body }),
    })
    return { status: response.status, body: await response.json() }
  } catch {
    return { status: 0, body: {} }
  }
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
  made.addEventListener('click', async () => {
    made.disabled = true
    await press()
    made.disabled = false
  })
  return made
}

const problems = {
  0: 'The gateway cannot be reached: this device seems to be offline. Your cart is safe on the other device.',
  404: 'This link opens nothing: it was used already, is too old, or is meant for somebody else.',
  429: 'Too many tries. Wait two minutes, then try again.',
}

/** Says what went wrong. What may go better later can be tried again; for the rest there is the form for a code. */
function refuse(status, again) {
  const text = problems[status] ?? 'This did not work. Ask your other device for a new link.'
  const isPassing = status === 0 || status === 429 || status >= 500
  show(element('p', text, { role: 'alert' }), ...(isPassing ? [button('Try again', again)] : []))
  form.hidden = isPassing
}

/** What a session is. Its title is another person's: in a `bdi` it cannot turn around what stands behind it. */
function sayWhat(before, { title, messageCount, itemCount }) {
  const things = `${itemCount} ${itemCount === 1 ? 'thing' : 'things'}`
  const messages = `${messageCount} ${messageCount === 1 ? 'message' : 'messages'}`
  const made = element('p', before)
  made.append(...(title === undefined ? ['a session'] : ['“', element('bdi', title), '”']))
  made.append(` with ${things} in the cart and ${messages}.`)
  return made
}

const modes = {
  move: 'It ends on the other device.',
  share: 'It goes on there as well.',
  copy: 'This device gets a copy of its own.',
}

async function describe() {
  const { status, body } = await post('describe', {})
  if (status !== 200) return refuse(status, describe)
  const { transfer } = body
  show(
    sayWhat('This link opens ', transfer),
    element('p', modes[transfer.mode]),
    button('Continue here', () => redeem({})),
  )
}

async function redeem(more) {
  const { status, body } = await post('redeem', more)
  if (status === 409 && body.leaves !== undefined) {
    show(
      sayWhat('This device has a session already: ', body.leaves),
      sayWhat('The other one: ', body.joins),
      button('Leave mine, and continue with the other', () => redeem({ ...more, replace: true })),
    )
  } else if (status !== 200) {
    refuse(status, () => redeem(more))
  } else if (body.status === 'pending') {
    show(
      element('p', 'Your other device asks whether this one may continue. It must show this number:'),
      element('p', body.matchCode, { className: 'match' }),
      button('I have approved it', () => redeem({ ...more, redemptionId: body.redemptionId })),
    )
  } else {
    done(body)
  }
}

/** On to the cart, where it is ordered. A reload shows the cart again, and not the form for a code. */
function done({ returnTo }) {
  const query = new URLSearchParams({ ...(shop === '' ? {} : { shop }), arrived: 'yes' })
  location.replace(returnTo ?? `/cart?${query.toString()}`)
}

if (secret !== '') {
  form.hidden = true
  show(element('p', 'Looking what this link opens …'))
  await describe()
}

// Another link, opened where this page is open already.
addEventListener('hashchange', () => location.reload())
