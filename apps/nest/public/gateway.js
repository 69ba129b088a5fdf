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
  0: 'The gateway cannot be reached: this device seems to be offline. Nothing was changed; try again in a while.',
  429: 'That was too fast. Wait a minute, then try again.',
}

export const sessionId = () => localStorage.getItem(kept)

export async function ask(method, path, body) {
  let response
  let answer
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    answer = await response.json()
  } catch {
    throw new Refused(0, problems[0])
  }
  if (response.ok) return answer
  const { status } = response
  throw new Refused(
    status,
    problems[status] ??
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

async function call(tool, input) {
  const id = sessionId()
  const answer = await ask('POST', '/v1/execute', { tool, input, ...(id === null ? {} : { sessionId: id }) })
  if (answer.sessionId !== null) localStorage.setItem(kept, answer.sessionId)
  return answer.output
}

/** The cart of this page. A look is no call of a tool: it would be noted in the session, and so change what is watched. */
export async function viewCart() {
  const id = sessionId()
  return id === null ? { items: [] } : (await ask('GET', `/v1/sessions/${id}/cart`)).cart
}

export const setQuantity = (itemId, quantity) =>
  ask('PATCH', `/v1/sessions/${sessionId()}/cart/items/${encodeURIComponent(itemId)}`, { quantity })

/** Another cart, because a person has said so. */
export async function beginAnew() {
  const { session } = await ask('POST', '/v1/sessions', {})
  localStorage.setItem(kept, session.id)
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
