// Does in place what the forms of the page do by leading to it again: a reply comes word by word, and the cart changes
// beside it.
import { ask as post, say as explain } from './shop.js'

const $ = (id) => document.getElementById(id)
const main = $('main')
let sessionId = main.dataset.session || null
let running
const noFiles = 'A question takes text alone: no pictures, no files.'
const newId = () => crypto.randomUUID?.() ?? `q-${Date.now()}-${Math.random().toString(36).slice(2)}`

function element(name, more = {}, ...children) {
  const made = Object.assign(document.createElement(name), more)
  made.append(...children)
  return made
}

/** Tells what happened, with a way to take it back. */
function tell(text, label, work) {
  $('notice').replaceChildren(text)
  if (work === undefined) return
  const button = element('button', { type: 'button', className: 'text', textContent: label })
  button.addEventListener('click', () => void attempt(work))
  $('notice').append(button)
}

/** Does what a person asked for, shows the cart as it is then, and says in words what went wrong. */
async function attempt(work) {
  const hadFocus = document.activeElement !== document.body
  tell('')
  try {
    await work()
    await refresh()
  } catch (error) {
    tell(explain(error))
    // It may have been done, and only the answer got lost.
    await refresh().catch(() => {})
  }
  // Who uses the keyboard stays near what they did when its button is gone.
  if (hadFocus && document.activeElement === document.body) $('cart-title').focus({ preventScroll: true })
}

function addMessage(role, text) {
  const item = element('li', { className: role })
  item.append(
    element('span', { className: 'hidden', textContent: role === 'user' ? 'You: ' : 'Assistant: ' }),
    element('span', { textContent: text, dir: 'auto' }),
  )
  $('log').append(item)
  item.scrollIntoView({ block: 'nearest' })
  return item
}

/** @param id Names the question, so that a second try of it asks it once. */
async function ask(question, id = newId()) {
  tell('')
  for (const unsent of document.querySelectorAll('#log .unsent')) unsent.remove()
  const mine = addMessage('user', question)
  const reply = addMessage('assistant', '…')
  running = new AbortController()
  wait(true)
  // Those of the last reply would stand below this one.
  $('shown').hidden = true
  await send(question, id, mine, reply)
  $('shown').hidden = false
  running = undefined
  wait(false)
  // Another tab may have been answered meanwhile.
  await showConversation().catch(() => {})
}

async function send(question, id, mine, reply) {
  const text = reply.lastChild
  try {
    for await (const event of post.stream('/query/stream', { q: question, message_id: id }, running.signal)) {
      if (event.type === 'session') {
        if (sessionId !== null && sessionId !== event.session_id) {
          for (const line of lines($('log'))) if (line !== mine && line !== reply) line.remove()
          tell('Your session had ended, and with it what was said and your cart. This is a new one.')
        }
        begin(event.session_id)
        $('welcome')?.remove()
        $('fresh').hidden = false
      }
      if (event.type === 'delta')
        text.textContent = (text.textContent === '…' ? '' : text.textContent) + event.text
      if (event.type === 'error') throw Object.assign(new Error(event.error.message), { status: 500 })
      if (event.type === 'done') {
        if (event.message.status === 'aborted') text.textContent += ' (stopped)'
        await showProducts(event.shown)
      }
      reply.scrollIntoView({ block: 'nearest' })
    }
    await refresh()
  } catch (error) {
    reply.remove()
    mine.classList.add('unsent')
    tell(explain(error, 'Your question is still here.'), 'Try again', async () => {
      if ($('q').value === question) $('q').value = ''
      await ask(question, id)
    })
    if ($('q').value === '') $('q').value = question
    mine.scrollIntoView({ block: 'nearest' })
  }
}

function begin(id) {
  sessionId = id
  main.dataset.session = id
  watchCart()
}

function wait(isWaiting) {
  $('send').hidden = isWaiting
  $('stop').hidden = !isWaiting
  if (!isWaiting && matchMedia('(hover: hover)').matches) $('q').focus()
}

/** The cards of the last reply, as the server draws them. */
async function showProducts(shown) {
  const cards = shown.length === 0 ? [] : (await page('/')).querySelectorAll('#shown > li')
  $('shown').replaceChildren(...cards)
}

const page = async (path) => new DOMParser().parseFromString(await post.text(path), 'text/html')

async function refresh() {
  const fresh = await page('/page/side')
  const label = document.activeElement?.getAttribute('aria-label')
  const wasAtTitle = document.activeElement === $('cart-title')
  // What was typed and is not saved stays, with what was said of it.
  const inputs = [...$('preferences').elements].filter(({ name }) => name !== '')
  if (inputs.some(({ value, defaultValue }) => value !== defaultValue)) {
    fresh.getElementById('preferences').replaceWith($('preferences'))
  }
  $('side').replaceChildren(...fresh.body.childNodes)
  $('to-cart').textContent = $('cart-title').dataset.count
  if (wasAtTitle) $('cart-title').focus({ preventScroll: true })
  if (label !== null && label !== undefined) {
    const again = [...document.querySelectorAll('button[aria-label]')].find(
      (each) => each.ariaLabel === label,
    )
    if (again !== undefined && document.activeElement !== again) again.focus()
  }
}

const lines = (log) => [...log.querySelectorAll(':scope > li:not(.unsent)')]
const same = (one, other) =>
  one.className === other.className && one.textContent.trim() === other.textContent.trim()

/**
 * What was said in another tab, or answered after this page was loaded amid the reply. Lines that stand here already stay,
 * so that nobody hears them again.
 */
async function showConversation() {
  if (running !== undefined) return
  const fresh = await page('/')
  if (running !== undefined) return
  const [here, there] = [lines($('log')), lines(fresh.getElementById('log'))]
  // The page of a long conversation begins later than what stands here.
  const begins = here.findIndex((_, start) =>
    here.slice(start).every((line, index) => there[index] !== undefined && same(line, there[index])),
  )
  const known = begins === -1 ? 0 : here.length - begins
  if (known > 0 && known === there.length) return
  if (known === 0) for (const line of here) line.remove()
  const unsent = $('log').querySelector('.unsent')
  for (const line of there.slice(known)) $('log').insertBefore(line, unsent)
  $('shown').replaceChildren(...fresh.getElementById('shown').children)
  $('fresh').hidden = there.length === 0
  if (there.length > 0) $('welcome')?.remove()
  $('log').lastElementChild?.scrollIntoView({ block: 'nearest' })
}

// Another tab, or the assistant, may change the cart. A browser allows few connections to a host: they are for visible
// pages.
let watched
function watchCart() {
  const wanted = document.hidden ? null : sessionId
  if (watched?.of === wanted && watched.source?.readyState !== EventSource.CLOSED) return
  watched?.source?.close()
  const source = wanted === null ? undefined : new EventSource(post.path(`/session/${wanted}/cart/events`))
  source?.addEventListener('message', ({ data }) => {
    const isCart = JSON.parse(data).type === 'cart'
    void (isCart ? refresh() : showConversation()).catch(() => {})
  })
  watched = { of: wanted, source }
}

async function mustHaveSession() {
  if (sessionId === null) {
    // Another tab may have begun one meanwhile. A second one would take its place in the cookie.
    const { session_id: begun } = await post.json('GET', '/session')
    begin(begun ?? (await post.json('POST', '/session')).session_id)
  }
  return `/session/${sessionId}`
}

const lineOf = ({ sku, name, price, quantity, metadata }) => ({ ...metadata, sku, name, price, quantity })

/** What each form of the cart does. */
const actions = {
  async add(fields) {
    const of = await mustHaveSession()
    const { item } = await post.json('POST', `${of}/cart/add`, { sku: fields.get('sku') })
    tell(`${item.name} is in your cart.`)
  },
  async quantity(fields, form) {
    const quantity = Number(fields.get('quantity'))
    const line = JSON.parse(form.dataset.line)
    const path = `/session/${sessionId}/cart/items/${line.id}`
    if (quantity > 0) return post.json('PATCH', path, { quantity })
    await post.json('DELETE', path)
    tell(`${line.name} is out of your cart.`, 'Put it back', () =>
      post.json('POST', `/session/${sessionId}/cart/add`, lineOf(line)),
    )
  },
  async clear() {
    const lines = [...document.querySelectorAll('[data-line]')].map((form) => JSON.parse(form.dataset.line))
    await post.json('DELETE', `/session/${sessionId}/cart/clear`)
    tell('Your cart is empty.', 'Put everything back', async () => {
      for (const line of lines) await post.json('POST', `/session/${sessionId}/cart/add`, lineOf(line))
    })
  },
  async checkout(fields) {
    // What was seen is ordered: the page of the server compares.
    const response = await post.form('/page/checkout', fields)
    if (response.redirected) location.assign(response.url)
    else {
      const answer = new DOMParser().parseFromString(await response.text(), 'text/html')
      tell(answer.getElementById('notice').textContent)
    }
  },
}

async function savePreferences(form) {
  const fields = Object.fromEntries(new FormData(form))
  const brands = fields.preferred_brands
    .split(',')
    .map((brand) => brand.trim())
    .filter((brand) => brand !== '')
  const problem = $('preferences-problem')
  problem.hidden = true
  try {
    await post.json('POST', `${await mustHaveSession()}/preferences`, {
      budget_range: fields.budget_range.trim() || null,
      preferred_brands: brands.length === 0 ? null : brands,
      device_type: fields.device_type.trim() || null,
    })
    for (const input of form.elements) input.defaultValue = input.value
    tell('Noted. Ask for a recommendation, and it counts.')
  } catch (error) {
    problem.textContent = explain(error)
      .replace(/^budget_range:/, 'The budget')
      .replace(/^preferred_brands\[\d+\]:/, 'Each brand')
      .replace(/^preferred_brands:/, 'The brands')
    problem.hidden = false
    if (error.path === 'budget_range') form.elements.budget_range.focus()
  }
}

document.addEventListener('submit', (event) => {
  const form = event.target
  const fields = new FormData(form, event.submitter)
  const action = actions[form.dataset.api]
  if (form.id === 'ask' || form.id === 'hints') {
    event.preventDefault()
    const question = fields.get('q').trim()
    if (question === '') return
    if (running !== undefined) return tell('Wait for the reply, or stop it.')
    if (form.id === 'ask') $('q').value = ''
    void ask(question)
  } else if (form.id === 'preferences') {
    event.preventDefault()
    void savePreferences(form)
  } else if (form.id === 'fresh') {
    event.preventDefault()
    $('anew').showModal()
  } else if (action !== undefined) {
    event.preventDefault()
    void attempt(() => action(fields, form))
  }
})

$('stop').addEventListener('click', async () => {
  try {
    await post.json('POST', `/session/${sessionId}/stop`)
  } catch {
    // Without the server the page at least stops waiting.
    running?.abort()
  }
})

// A file that is dropped would open in place of the shop.
for (const type of ['dragover', 'drop'])
  addEventListener(type, (event) => {
    if (!event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    if (type === 'drop') tell(noFiles)
  })

// A browser cuts what is pasted without a word, or leaves it out.
$('q').addEventListener('paste', ({ clipboardData }) => {
  if (clipboardData.files.length > 0 && clipboardData.getData('text') === '') tell(noFiles)
  const { value, selectionStart, selectionEnd, maxLength } = $('q')
  const length = value.length - (selectionEnd - selectionStart) + clipboardData.getData('text').length
  if (length > maxLength) tell('A question has 4,000 characters at most. The end of your text was left out.')
})

document.addEventListener('visibilitychange', watchCart)
addEventListener('offline', () => tell('You are offline. What you type stays, and nothing is lost.'))
addEventListener('online', () => void attempt(async () => {}))

// Who looks at the newest goes on seeing it when a notice or the keyboard takes room from the conversation.
const scroll = $('scroll')
scroll.scrollTop = scroll.scrollHeight * ($('log').children.length > 0 ? 1 : 0)
const isAtEnd = () => scroll.scrollTop > 0 && scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 4
let wasAtEnd = isAtEnd()
scroll.addEventListener('scroll', () => (wasAtEnd = isAtEnd()))
new ResizeObserver(() => {
  if (wasAtEnd) scroll.scrollTop = scroll.scrollHeight
}).observe(scroll)
watchCart()
if (matchMedia('(hover: hover)').matches) $('q').focus({ preventScroll: true })
