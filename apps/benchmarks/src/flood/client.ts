import { Random } from '../torture/random.js'

const [url, total, seed] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])]
const random = new Random(seed)
const most = 1024 * 1024
let sent = 0
let failures = 0
const refused: Record<string, number> = {}
let words = 0

/** Distinct words, so that nothing that is kept of one request serves the next. */
function text(bytes: number): string {
  const made: string[] = []
  for (let length = 0; length < bytes;) {
    const word = `w${(words++).toString(36)}x${random.int(0, 1e9).toString(36)}`
    made.push(word)
    length += word.length + 1
  }
  return made.join(' ').slice(0, bytes)
}

interface Held {
  readonly id: string
  readonly credential: string
}

async function request(
  method: string,
  path: string,
  body: string | undefined,
  headers: Record<string, string> = {},
) {
  sent += (body === undefined ? 0 : Buffer.byteLength(body)) + path.length + 200
  const hangUp = AbortSignal.timeout(30_000)
  try {
    const response = await fetch(url + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body }),
      signal: hangUp,
    })
    if (response.status >= 500) failures++
    if (response.status >= 400) refused[response.status] = (refused[response.status] ?? 0) + 1
    return response
  } catch {
    failures++
    return undefined
  }
}

async function create(body: string, headers: Record<string, string> = {}): Promise<Held | undefined> {
  const response = await request('POST', '/sessions', body, headers)
  const credential = response?.headers.get('x-session-id')
  const made = (await response?.json().catch(() => undefined)) as { session?: { id: string } } | undefined
  return made?.session === undefined || credential == null ? undefined : { id: made.session.id, credential }
}

const json = JSON.stringify
const messages = (): string => json({ messages: [{ content: text(450_000) }, { content: text(450_000) }] })

async function lane(): Promise<void> {
  let held: Held | undefined
  const streams: AbortController[] = []
  while (sent < total) {
    const kind = random.weighted({
      create: 2,
      keyed: 2,
      append: 6,
      message: 3,
      context: 3,
      stranger: 2,
      credential: 2,
      stream: 1,
      cart: 1,
      state: 1,
      large: 1,
    })
    if (held === undefined || kind === 'create') {
      held = (await create(messages())) ?? held
      continue
    }
    const { id, credential } = held
    const headers = { 'x-session-id': credential }
    const at = `/sessions/${id}`
    if (kind === 'keyed') await create(messages(), { 'idempotency-key': text(40).replaceAll(' ', '-') })
    else if (kind === 'append') await drain(request('POST', `${at}/messages`, messages(), headers))
    else if (kind === 'message')
      await drain(
        request('POST', `${at}/message`, json({ content: text(500_000) }), {
          ...headers,
          'idempotency-key': text(40).replaceAll(' ', '-'),
        }),
      )
    else if (kind === 'context')
      await drain(
        request(
          'GET',
          `${at}/context?maxTokens=100000&query=${encodeURIComponent(text(2000))}`,
          undefined,
          headers,
        ),
      )
    else if (kind === 'stranger')
      await drain(request('POST', `/sessions/${text(20)}/messages`, messages(), headers))
    else if (kind === 'credential')
      await drain(
        request('POST', `${at}/messages`, messages(), { 'x-session-id': text(4000).replaceAll(' ', '.') }),
      )
    else if (kind === 'cart')
      await drain(
        request(
          'POST',
          `${at}/cart/items`,
          json({ sku: text(100), name: text(400), price: { amount: 1, currency: 'EUR' } }),
          headers,
        ),
      )
    else if (kind === 'state')
      await drain(request('PATCH', `${at}/state`, json({ [text(10)]: text(20_000) }), headers))
    else if (kind === 'large')
      await drain(request('PATCH', `${at}/state`, json({ a: text(most - 100) }), headers))
    else {
      const controller = new AbortController()
      streams.push(controller)
      // Held open, and read by nobody.
      fetch(`${url}${at}/events`, { headers, signal: controller.signal }).catch(() => {})
      if (streams.length > 30) streams.shift()!.abort()
    }
  }
  for (const stream of streams) stream.abort()
}

async function drain(answering: Promise<Response | undefined>): Promise<void> {
  await (await answering)?.arrayBuffer().catch(() => {})
}

await Promise.all(Array.from({ length: 8 }, lane))
process.send?.({ type: 'done', sent, failures, refused }, () => process.exit(0))
