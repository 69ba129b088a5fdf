/** What is needed to come back to a session: its id, and the credential that opens it. */
export interface TourState {
  readonly sessionId: string
  readonly credential: string
  /** What must still exist. */
  readonly messageCount: number
  readonly itemCount: number
}

type Print = (line: string) => void
type Data = Record<string, unknown>

interface Answer {
  readonly status: number
  readonly body: Data
}

const paint = (code: number) => (text: string) =>
  process.stdout.isTTY ? `\u001B[${code}m${text}\u001B[0m` : text
const bold = paint(1)
const dim = paint(2)
const green = paint(32)
const cyan = paint(36)

/**
 * Drives a purchase that begins in one assistant and continues on a phone and in another assistant, and prints it.
 *
 * @throws when an answer is not as expected.
 */
export async function runTour(baseUrl: string, print: Print = console.log): Promise<TourState> {
  print(bold('\nA conversation in Claude'))
  const claude = createCaller(baseUrl, print, { Authorization: 'Bearer demo-claude' })
  const found = await claude.run('search_products', { query: 'coffee grinder' })
  must(skusIn(found)[0] === 'KL-GRIND', 'the grinder is found first')
  await claude.run('add_to_cart', { sku: 'KL-GRIND' })
  const { because } = await claude.run('recommend', { limit: 2 })
  must(JSON.stringify(because).includes('coffee'), 'what is recommended goes with the cart')
  await claude.run('add_to_cart', { sku: 'KL-BEANS-ET', quantity: 2 }, { 'Idempotency-Key': 'beans-1' })
  await claude.run('add_to_cart', { sku: 'KL-BEANS-ET', quantity: 2 }, { 'Idempotency-Key': 'beans-1' })
  const cart = await claude.run('view_cart')
  must(cart['itemCount'] === 3, 'a call that was sent twice has happened once')
  const { sessionId } = await claude.call('POST', '/v1/execute', { tool: 'view_cart' })

  print(bold('\nIt is nobody else’s'))
  const stranger = createCaller(baseUrl, print, { 'X-Session-Id': String(sessionId) })
  must(
    (await stranger.send('POST', '/v1/execute', { tool: 'view_cart' })).status === 404,
    'the id opens nothing',
  )

  print(bold('\n“I will check out on my phone”'))
  const link = await claude.run('continue_elsewhere', { to: 'phone' })
  const secret = String(link['url']).split('#')[1]
  must(secret === link['secret'], 'the secret stands in the fragment, which browsers keep to themselves')
  const phone = createCaller(baseUrl, print, {})
  const { transfer } = await phone.call('POST', '/v1/transfers/describe', { secret })
  must((transfer as Data)['itemCount'] === 3, 'the phone sees what it will get')
  await phone.call('POST', '/v1/transfers/redeem', { secret })
  must((await phone.run('view_cart'))['itemCount'] === 3, 'cart and history are on the phone')
  must((await claude.send('POST', '/v1/execute', { tool: 'view_cart' })).status === 404, 'and Claude is out')
  const again = await createCaller(baseUrl, print, {}).send('POST', '/v1/transfers/redeem', { secret })
  must(again.status === 404, 'a link opens once')

  print(bold('\n… and on in ChatGPT, by a code'))
  const code = await phone.run('continue_elsewhere', { to: 'chatgpt', mode: 'share' })
  const asked = { shortCode: code['shortCode'] }
  must((await claude.send('POST', '/v1/transfers/redeem', asked)).status === 404, 'it is meant for ChatGPT')
  const chatgpt = createCaller(baseUrl, print, { Authorization: 'Bearer demo-chatgpt' })
  await chatgpt.call('POST', '/v1/transfers/redeem', asked)
  await chatgpt.run('add_to_cart', { sku: 'KL-CUP' })
  must((await phone.run('view_cart'))['itemCount'] === 4, 'one cart, in both')

  print(bold('\nA merchant of its own'))
  const shop = createCaller(baseUrl, print, { Authorization: 'Bearer demo-nordwind' })
  const everything = await shop.run('search_products', { query: 'light', limit: 20 })
  must(
    skusIn(everything).every((sku) => sku.startsWith('NW-')),
    'its key sees its products alone',
  )
  const { status } = await shop.send('POST', '/v1/execute', { tool: 'add_to_cart', input: { sku: 'KL-CUP' } })
  must(status === 404, 'and sells no others')

  const { info } = await phone.call('GET', `/v1/sessions/${String(sessionId)}/info`)
  return {
    sessionId: String(sessionId),
    credential: phone.credential()!,
    messageCount: ((info as Data)['messages'] as { total: number }).total,
    itemCount: 4,
  }
}

/**
 * Comes back to a session after the server was restarted.
 *
 * @throws when history or cart have changed.
 */
export async function resumeTour(
  baseUrl: string,
  state: TourState,
  print: Print = console.log,
): Promise<void> {
  print(bold('\nBack after a restart'))
  const phone = createCaller(baseUrl, print, {}, state.credential)
  const { info } = await phone.call('GET', `/v1/sessions/${state.sessionId}/info`)
  const { messages, cart } = info as { messages: Data; cart: Data }
  must(messages['total'] === state.messageCount, 'every call is still in the history')
  must(cart['itemCount'] === state.itemCount, 'and everything in the cart')
  const order = await phone.run('checkout')
  must(order['itemCount'] === state.itemCount, 'it is ordered')
}

interface Caller {
  send: (method: string, path: string, body?: object, more?: Record<string, string>) => Promise<Answer>
  /** As `send`, for a request that must succeed. */
  call: (method: string, path: string, body?: object, more?: Record<string, string>) => Promise<Data>
  /** The result of a tool. */
  run: (tool: string, input?: object, more?: Record<string, string>) => Promise<Data>
  credential: () => string | undefined
}

function createCaller(
  baseUrl: string,
  print: Print,
  headers: Record<string, string>,
  carried?: string,
): Caller {
  let credential = carried
  const send: Caller['send'] = async (method, path, body, more = {}) => {
    const response = await fetch(new URL(path, baseUrl), {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(credential === undefined ? {} : { 'X-Session-Id': credential }),
        ...headers,
        ...more,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    credential = response.headers.get('X-Session-Id') ?? credential
    const answer = (await response.json()) as Data
    const isGood = response.status < 400
    const shown = path.replace(/^(\/v1\/sessions\/.{6})[^/]*/, '$1…')
    print(`${cyan(`${method} ${shown}`)}${body === undefined ? '' : ` ${hideSecrets(body)}`}`)
    const status = (isGood ? green : cyan)(String(response.status))
    print(
      `  ${status} ${dim(shorten(hideSecrets(isGood ? (answer['output'] ?? answer) : answer['detail'])))}`,
    )
    return { status: response.status, body: answer }
  }
  const call: Caller['call'] = async (method, path, body, more) => {
    const { status, body: answer } = await send(method, path, body, more)
    must(status < 300, `${method} ${path} succeeds`)
    return answer
  }
  return {
    send,
    call,
    async run(tool, input = {}, more = {}) {
      return (await call('POST', '/v1/execute', { tool, input }, more))['output'] as Data
    },
    credential: () => credential,
  }
}

/** Secrets shortened, because others may see the terminal. */
function hideSecrets(value: unknown): string {
  return JSON.stringify(value ?? null).replaceAll(/("secret":"|#)([\w-]{4})[\w-]+/g, '$1$2…')
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

function skusIn(found: Data): string[] {
  return (found['products'] as { sku: string }[]).map(({ sku }) => sku)
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`The tour found that this does not hold: ${what}.`)
}
