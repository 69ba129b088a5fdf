// How the laptop's page asks the gateway. The page names its cart with each call, so that none begins by itself once
// the cart has gone on on another device.
const kept = 'session'

/** What a person is told; `status` is 0 when there was no answer. */
export class Refused extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

const problems = {
  0: 'The gateway does not answer: this device seems to be offline. Look at your cart when it is back, then try again.',
  429: 'That was too fast. Wait a minute, then try again.',
}

// Where storage is forbidden or full, the page alone knows its cart.
let held = null

export function sessionId() {
  if (held !== null) return held
  try {
    return localStorage.getItem(kept)
  } catch {
    return null
  }
}

function keep(id) {
  held = null
  try {
    localStorage.setItem(kept, id)
  } catch {
    held = id
  }
}

/** Calls `begun` when another tab of this device has begun a cart: they all show the one that the cookie opens. */
export function watchTabs(begun) {
  addEventListener('storage', ({ key, newValue }) => {
    if (key === kept && newValue !== null && held === null) begun()
  })
}

let aheadMs = 0

/** The time at the gateway, in epoch ms: the clock of a device may be wrong by days. */
export const gatewayNow = () => Date.now() - aheadMs

function noteTime({ headers }) {
  // The header leaves out a part of a second.
  const ahead = Date.now() - Date.parse(headers.get('Date') ?? '') - 999
  if (!Number.isNaN(ahead)) aheadMs = ahead
}

export async function ask(method, path, body, headers = {}) {
  let response
  let answer
  try {
    response = await fetch(path, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    answer = await response.json()
    noteTime(response)
  } catch {
    throw new Refused(0, problems[0])
  }
  if (response.ok) return answer
  const { status } = response
  throw new Refused(
    status,
    problems[status] ??
      (String(answer.path).endsWith('quantity') ? 'A cart holds 10,000 of one thing at most.' : undefined) ??
      (status >= 500 ? 'The gateway has a fault. Try again in a minute.' : (answer.detail ?? answer.title)),
  )
}

let beginning = Promise.resolve()

/** Calls a tool in the cart of this page. The first call begins the cart, so what comes meanwhile waits for its answer. */
export function execute(tool, input = {}) {
  if (sessionId() !== null) return call(tool, input)
  const called = beginning.then(() => call(tool, input))
  beginning = called.catch(() => {})
  return called
}

// A call whose answer was lost keeps its key: pressed again, it is not made twice. Who has seen the cart since means
// another one.
const unanswered = new Map()

const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join('-')

async function call(tool, input) {
  const id = sessionId()
  const asked = JSON.stringify([tool, input])
  const key = unanswered.get(asked) ?? newKey()
  unanswered.set(asked, key)
  const body = { tool, input, ...(id === null ? {} : { sessionId: id }) }
  try {
    const answer = await ask('POST', '/v1/execute', body, { 'Idempotency-Key': key })
    unanswered.delete(asked)
    if (answer.sessionId !== null) keep(answer.sessionId)
    return answer.output
  } catch (error) {
    if (error.status > 0 && error.status < 500) unanswered.delete(asked)
    throw error
  }
}

/** The cart of this page. A look is no call of a tool: it would be noted in the session, and so change what is watched. */
export async function viewCart() {
  const id = sessionId()
  if (id === null) return { items: [] }
  const { cart } = await ask('GET', `/v1/sessions/${id}/cart`)
  unanswered.clear()
  return cart
}

export const setQuantity = (itemId, quantity) =>
  ask('PATCH', `/v1/sessions/${sessionId()}/cart/items/${encodeURIComponent(itemId)}`, { quantity })

/** Another cart, because a person has said so. */
export async function beginAnew() {
  const { session } = await ask('POST', '/v1/sessions', {})
  keep(session.id)
}

/** Calls `changed` when any device has changed the cart, and `ended` when this device may not open it any more. */
export function watch({ changed, ended }) {
  const source = new EventSource(`/v1/sessions/${sessionId()}/events`)
  source.addEventListener('session.changed', changed)
  source.addEventListener('session.ended', () => {
    source.close()
    ended()
  })
  // A stream that is refused does not come back; whether the cart is gone a look will tell.
  source.addEventListener('error', () => source.readyState === EventSource.CLOSED && changed())
  return () => source.close()
}
