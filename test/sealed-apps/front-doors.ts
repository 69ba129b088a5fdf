/** What was told at the front door of an app. */
export interface Told {
  /** Texts that no dump may hold, each of which the app has given back. */
  readonly secrets: readonly string[]
}

type Send = (method: string, path: string, body?: object) => Promise<string>

/** Somebody with headers of their own, who keeps cookies and credentials. */
function caller(url: string, headers: Record<string, string> = {}) {
  const heard: string[] = []
  const kept: Record<string, string> = { Origin: url, 'Content-Type': 'application/json', ...headers }
  const send: Send = async (method, path, body) => {
    const init = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(url + path, { method, headers: kept, ...init })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
    const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]!)
    if (cookies.length > 0) kept['Cookie'] = cookies.join('; ')
    const credential = response.headers.get('x-session-id')
    if (credential !== null) kept['X-Session-Id'] = credential
    heard.push(text)
    return text
  }
  return { send, heard, kept }
}

const price = { amount: 100, currency: 'EUR' }
const idOf = (text: string) => (JSON.parse(text) as { session: { id: string } }).session.id

/** Everything that the session HTTP API takes, nine texts of it, and reads all of it back. */
async function talk(send: Send, base: string, hasModel: boolean, next: () => string): Promise<void> {
  const at = `${base}/${idOf(await send('POST', base, { title: next() }))}`
  await send('POST', `${at}/messages`, { messages: [{ content: next() }, { content: next() }] })
  if (hasModel) await send('POST', `${at}/message`, { content: next() })
  else await send('POST', `${at}/messages`, { messages: [{ content: next() }] })
  await send('PUT', `${at}/state`, { secret: next() })
  await send('PATCH', `${at}/preferences`, { secret: next() })
  await send('POST', `${at}/cart/items`, { sku: 'P1', name: next(), quantity: 1, price })
  await send('GET', at)
  await send('PATCH', at, { title: next() })
  await send('POST', `${at}/fork`, { title: next() })
  await send('GET', `${at}/messages?limit=100`)
  await send('GET', `${base}?limit=100`)
}

const canaries = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => `canary-${name}-${n}-canary`)

function allHeard(secrets: readonly string[], heard: readonly string[]): Told {
  const all = heard.join('\n')
  const unheard = secrets.filter((secret) => !all.includes(secret))
  if (unheard.length > 0) throw new Error(`the app gave none of these back: ${unheard.join(', ')}`)
  return { secrets }
}

/** Tells each app 50 secrets over HTTP, as its callers do. */
export const frontDoors = {
  async express(url: string): Promise<Told> {
    const secrets = canaries('express', 50)
    const left = [...secrets]
    const heard: string[] = []
    for (let shopper = 0; shopper < 10; shopper++) {
      const somebody = caller(url)
      const send: Send = (method, path, body) => somebody.send(method, `/api/v1/shopping${path}`, body)
      const begun = await send('POST', '/session')
      const at = `/session/${(JSON.parse(begun) as { data: { session_id: string } }).data.session_id}`
      await send('POST', '/query', { q: `Do you have ${left.pop()!}?` })
      await send('POST', '/query', { q: `My budget is 500 and I like ${left.pop()!}` })
      await send('POST', `${at}/messages`, { messages: [{ role: 'user', content: left.pop()! }] })
      await send('POST', `${at}/preferences`, { note: left.pop()! })
      await send('POST', `${at}/cart/add`, { name: left.pop()!, price: 10 })
      await send('GET', `${at}/conversation?limit=100`)
      await send('GET', `${at}/cart`)
      heard.push(...somebody.heard)
    }
    return allHeard(secrets, heard)
  },

  async nest(url: string): Promise<Told> {
    const secrets = canaries('nest', 45)
    const users = canaries('user', 5)
    const left = [...secrets]
    const heard: string[] = []
    for (const user of users) {
      const { send, heard: theirs } = caller(url, {
        Authorization: 'Bearer demo-claude',
        'X-User-Id': user,
      })
      await talk(send, '/v1/sessions', false, () => left.pop()!)
      await send('POST', '/v1/execute', { tool: 'search_products', input: { query: 'coffee grinder' } })
      heard.push(...theirs)
    }
    return { secrets: [...allHeard(secrets, heard).secrets, ...users] }
  },

  async next(url: string): Promise<Told> {
    const secrets = canaries('next', 45)
    const left = [...secrets]
    const users: string[] = []
    const heard: string[] = []
    for (let guest = 0; guest < 5; guest++) {
      const { send, heard: theirs, kept } = caller(url)
      await send('GET', '/')
      // The name of a guest is the user's id, with a signature behind it.
      users.push(/chat_guest=([^.]+)\./.exec(decodeURIComponent(kept['Cookie'] ?? ''))![1]!)
      await talk(send, '/api/sessions', true, () => left.pop()!)
      heard.push(...theirs)
    }
    return { secrets: [...allHeard(secrets, heard).secrets, ...users] }
  },
} satisfies Record<string, (url: string) => Promise<Told>>
