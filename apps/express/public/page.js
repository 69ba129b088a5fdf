const api = '/api/v1/shopping'
const $ = (id) => document.getElementById(id)
const hints = [
  'What smartphones do you have?',
  'Something cheaper',
  'Add the second one',
  'My budget is 500 to 1000',
  "What's in my cart?",
  'What did I ask first?',
]
const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })
let sessionId = null

// The credential is in a cookie that no script can read; all a script knows is the public id.
async function call(method, path, body) {
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' }
  const response = await fetch(api + path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const answer = await response.json()
  if (!answer.success) throw new Error(answer.error.message)
  return answer.data
}

function say(role, text) {
  const item = document.createElement('li')
  item.className = role
  item.textContent = text
  $('log').append(item)
  $('log').scrollTop = $('log').scrollHeight
  return item
}

async function ask(question) {
  say('user', question)
  const reply = say('assistant', '…')
  try {
    await streamReply(question, reply)
  } catch (error) {
    if (reply.textContent === '…') reply.remove()
    throw error
  }
}

async function streamReply(question, reply) {
  const response = await fetch(`${api}/query/stream`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    // Named by us, so that sending it again would not ask it twice.
    body: JSON.stringify({ q: question, message_id: crypto.randomUUID?.() ?? String(Date.now()) }),
  })
  if (!response.ok) throw new Error((await response.json()).error.message)
  let text = ''
  for await (const event of events(response.body)) {
    if (event.type === 'session') sessionId = event.session_id
    if (event.type === 'delta') reply.textContent = text += event.text
    if (event.type === 'error') throw new Error(event.error.message)
    $('log').scrollTop = $('log').scrollHeight
  }
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let waiting = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    const parts = (waiting + value).split('\n\n')
    waiting = parts.pop()
    for (const part of parts) {
      const line = part.split('\n').find((candidate) => candidate.startsWith('data: '))
      if (line !== undefined) yield JSON.parse(line.slice(6))
    }
  }
}

// Another tab, or the assistant, may change the cart. A browser allows few connections to a host: they are for visible
// pages.
let watched
function watchCart() {
  const wanted = document.hidden ? null : sessionId
  if (watched?.of === wanted && watched.source?.readyState !== EventSource.CLOSED) return
  watched?.source?.close()
  const source = wanted === null ? undefined : new EventSource(`${api}/session/${wanted}/cart/events`)
  source?.addEventListener('message', ({ data }) => showCart(JSON.parse(data)))
  watched = { of: wanted, source }
}

async function refresh() {
  $('where').textContent =
    sessionId === null ? 'No session yet: it begins with your first question.' : `Session ${sessionId}`
  watchCart()
  if (sessionId === null) return
  const [cart, info] = await Promise.all([
    call('GET', `/session/${sessionId}/cart`),
    call('GET', `/session/${sessionId}/info`),
  ])
  showCart(cart)
  showInfo(info)
}

function showCart({ cart, total }) {
  $('cart').replaceChildren(
    ...cart.map((item) => {
      const line = document.createElement('li')
      const name = document.createElement('span')
      name.textContent = `${item.quantity} × ${item.name}`
      const price = document.createElement('span')
      price.textContent = dollars.format((item.unit_price.amount * item.quantity) / 100)
      const remove = document.createElement('button')
      remove.type = 'button'
      remove.textContent = '✕'
      remove.setAttribute('aria-label', `Remove ${item.name}`)
      remove.addEventListener(
        'click',
        () => void attempt(() => call('DELETE', `/session/${sessionId}/cart/items/${item.id}`)),
      )
      line.append(name, price, remove)
      return line
    }),
  )
  $('total').textContent =
    total === null ? 'Nothing in it yet.' : `Total ${dollars.format(total.amount / 100)}`
  $('checkout').disabled = $('clear').disabled = total === null
}

function showInfo({ session_info: { preferences }, analytics }) {
  for (const input of $('preferences').querySelectorAll('input')) {
    const value = preferences[input.name] ?? ''
    if (document.activeElement !== input)
      input.value = Array.isArray(value) ? value.join(', ') : String(value)
  }
  const facts = {
    Duration: analytics.session_duration,
    Messages: `${analytics.user_message_count} yours, ${analytics.assistant_message_count} mine`,
    Topics: analytics.top_topics.map(({ word, count }) => `${word} (${count})`).join(', ') || 'none yet',
    Cart: `${analytics.cart.items_added} added, ${analytics.cart.items_removed} removed, ${analytics.cart.items_purchased} bought`,
  }
  $('info').replaceChildren(
    ...Object.entries(facts).flatMap(([term, fact]) => {
      const [dt, dd] = [document.createElement('dt'), document.createElement('dd')]
      dt.textContent = term
      dd.textContent = fact
      return [dt, dd]
    }),
  )
}

async function attempt(work) {
  $('notice').textContent = ''
  try {
    await work()
    await refresh()
  } catch (error) {
    $('notice').textContent = error instanceof Error ? error.message : String(error)
  }
}

async function mustHaveSession() {
  sessionId ??= (await call('POST', '/session')).session_id
}

$('ask').addEventListener('submit', (event) => {
  event.preventDefault()
  const question = $('q').value.trim()
  if (question === '') return
  $('q').value = ''
  void attempt(() => ask(question))
})

$('preferences').addEventListener('submit', (event) => {
  event.preventDefault()
  const fields = Object.fromEntries(new FormData(event.target))
  const brands = fields.preferred_brands
    .split(',')
    .map((brand) => brand.trim())
    .filter((brand) => brand !== '')
  const patch = {
    budget_range: fields.budget_range.trim() || null,
    preferred_brands: brands.length === 0 ? null : brands,
    device_type: fields.device_type.trim() || null,
  }
  void attempt(async () => {
    await mustHaveSession()
    await call('POST', `/session/${sessionId}/preferences`, patch)
  })
})

$('checkout').addEventListener(
  'click',
  () => void attempt(() => call('POST', `/session/${sessionId}/cart/checkout`)),
)
$('clear').addEventListener(
  'click',
  () => void attempt(() => call('DELETE', `/session/${sessionId}/cart/clear`)),
)
$('fresh').addEventListener(
  'click',
  () =>
    void attempt(async () => {
      sessionId = (await call('POST', '/session')).session_id
      $('log').replaceChildren()
      $('q').focus()
    }),
)

document.addEventListener('visibilitychange', watchCart)

for (const hint of hints) {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = hint
  button.addEventListener('click', () => void attempt(() => ask(hint)))
  $('hints').append(button)
}

showCart({ cart: [], total: null })
await attempt(async () => {
  sessionId = (await call('GET', '/session')).session_id
  if (sessionId === null) return
  const { conversation } = await call('GET', `/session/${sessionId}/conversation?limit=100`)
  for (const { role, content } of conversation) say(role === 'user' ? 'user' : 'assistant', content)
})
$('q').focus()
