/** What is needed to come back to a session: its id, and the credential that opens it. */
export interface TourState {
  readonly sessionId: string
  readonly credential: string
  /** What must still exist. */
  readonly messageCount: number
  readonly cartTotal: number
}

type Print = (line: string) => void

interface Answer {
  status: number
  credential: string | null
  data: Record<string, unknown>
}

const paint = (code: number) => (text: string) =>
  process.stdout.isTTY ? `\u001B[${code}m${text}\u001B[0m` : text
const bold = paint(1)
const dim = paint(2)
const green = paint(32)
const cyan = paint(36)

const api = '/api/v1/shopping'

/**
 * Drives one real conversation through the HTTP API, and prints it.
 *
 * @throws when an answer is not as expected.
 */
export async function runTour(baseUrl: string, print: Print = console.log): Promise<TourState> {
  const shopper = createShopper(baseUrl, print)
  const { call, ask } = shopper

  print(bold('\nA session begins'))
  const { session_id: sessionId } = await call('POST', '/session')
  must(typeof sessionId === 'string' && sessionId.length >= 20, 'a session has an unguessable id')
  must(shopper.credential() !== undefined, 'and its caller a credential')
  const path = `/session/${String(sessionId)}`

  print(bold('\nIt remembers what was shown'))
  const first = await ask('What smartphones do you have?')
  mustSay(first, 'smartphones')
  const cheaper = await ask('Something cheaper')
  must(priciest(cheaper) < cheapest(first), 'cheaper means cheaper than what was shown')
  const second = shownIn(cheaper)[1]
  const added = await ask('Add the second one')
  mustSay(added, second?.name ?? '?')

  print(bold('\nIt remembers what you like'))
  mustSay(await ask('My budget is 500 to 1000 and I like Samsung'), 'remember')
  const liked = await ask('Show me phones')
  must(shownIn(liked)[0]?.brand === 'Samsung', 'a brand that is liked comes first')
  must(priciest(liked) <= 100_000, 'a budget is kept to')
  const { preferences } = await call('POST', `${path}/preferences`, { shipping_preference: 'express' })
  must(JSON.stringify(preferences).includes('500-1000'), 'preferences are merged, not replaced')

  print(bold('\nA cart of its own'))
  const item = { name: 'iPhone 15 Pro', price: 999, category: 'smartphone', sku: 'IPH15PRO-256' }
  await call('POST', `${path}/cart/add`, item)
  const cart = await call('GET', `${path}/cart`)
  must(cart['item_count'] === 2, 'two things are in the cart')
  const total = (cart['total'] as { amount: number }).amount
  must(total === 99_900 + (second?.price.amount ?? 0), 'and add up to the cent')
  mustSay(await ask('How much is it all?'), 'for 2 things')

  print(bold('\nIt knows what was said'))
  mustSay(await ask('What did I ask first?'), 'What smartphones do you have?')
  const { analytics } = await call('GET', `${path}/info`)
  const { user_message_count: asked, assistant_message_count: answered } = analytics as Record<
    string,
    unknown
  >
  must(asked === 7 && answered === 7, 'every question and every reply is stored')
  const conversation = await call('GET', `${path}/conversation?limit=4`)
  must(conversation['count'] === 4, 'the newest four messages')

  print(bold('\nIt is nobody else’s'))
  const { status } = await createShopper(baseUrl, print).request('GET', `${path}/info`)
  must(status === 404, 'a stranger who knows the id sees nothing')

  return {
    sessionId: String(sessionId),
    credential: shopper.credential() ?? '',
    messageCount: 14,
    cartTotal: total,
  }
}

/**
 * Comes back to a session after the server was restarted.
 *
 * @throws when conversation or cart have changed.
 */
export async function resumeTour(
  baseUrl: string,
  state: TourState,
  print: Print = console.log,
): Promise<void> {
  const { call, ask } = createShopper(baseUrl, print, state.credential)
  const path = `/session/${state.sessionId}`
  print(bold('\nBack after a restart'))
  const conversation = await call('GET', `${path}/conversation?limit=100`)
  must(conversation['count'] === state.messageCount, 'every message is still there')
  const { total } = await call('GET', `${path}/cart`)
  must((total as { amount: number } | null)?.amount === state.cartTotal, 'and so is the cart')
  mustSay(await ask('What did I ask first?'), 'What smartphones do you have?')
}

interface Shopper {
  request: (method: string, path: string, body?: object) => Promise<Answer>
  /** As `request`, for a request that must succeed. */
  call: (method: string, path: string, body?: object) => Promise<Record<string, unknown>>
  ask: (question: string) => Promise<Record<string, unknown>>
  credential: () => string | undefined
}

function createShopper(baseUrl: string, print: Print, carried?: string): Shopper {
  let credential = carried
  const request = async (method: string, path: string, body?: object): Promise<Answer> => {
    const response = await fetch(new URL(api + path, baseUrl), {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(credential === undefined ? {} : { 'X-Session-Id': credential }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    credential = response.headers.get('X-Session-Id') ?? credential
    const answer = (await response.json()) as { data?: Record<string, unknown>; error?: object }
    const ok = response.status < 400 ? green : cyan
    print(
      `${cyan(`${method} ${api}${shorten(path)}`)}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`,
    )
    print(sayAnswer(`${ok(String(response.status))} `, answer.data ?? { error: answer.error }))
    return { status: response.status, credential: credential ?? null, data: answer.data ?? {} }
  }
  const call: Shopper['call'] = async (method, path, body) => {
    const { status, data } = await request(method, path, body)
    must(status < 300, `${method} ${path} succeeds`)
    return data
  }
  return { request, call, ask: async (q) => call('POST', '/query', { q }), credential: () => credential }
}

/** A few lines of the answer: texts in full, the rest as far as it fits. */
function sayAnswer(status: string, data: Record<string, unknown>): string {
  const { answer } = data
  if (typeof answer === 'string') {
    return answer
      .split('\n')
      .map((line, at) => `  ${at === 0 ? status : '    '}${line}`)
      .join('\n')
  }
  const text = JSON.stringify(data)
  return `  ${status}${dim(text.length > 300 ? `${text.slice(0, 300)}…` : text)}`
}

function shorten(path: string): string {
  return path.replace(/^(\/session\/.{6})[^/]*/, '$1…')
}

interface Shown {
  name: string
  brand: string
  price: { amount: number }
}

function shownIn(data: Record<string, unknown>): Shown[] {
  return data['shown'] as Shown[]
}

function cheapest(data: Record<string, unknown>): number {
  return Math.min(...shownIn(data).map(({ price }) => price.amount))
}

function priciest(data: Record<string, unknown>): number {
  return Math.max(...shownIn(data).map(({ price }) => price.amount))
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`The tour found that this does not hold: ${what}.`)
}

function mustSay(data: Record<string, unknown>, text: string): void {
  must(String(data['answer']).includes(text), `the reply to it says “${text}”`)
}
