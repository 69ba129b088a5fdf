export type Print = (line: string) => void
export type Data = Record<string, unknown>

/** A visitor with a browser of their own, which keeps cookies. */
export interface Visitor {
  /** Opens a page. */
  open: (path: string) => Promise<void>
  send: (method: string, path: string, body?: object) => Promise<{ status: number; body: Data }>
  /** As `send`, for a request that must succeed. */
  call: (method: string, path: string, body?: object) => Promise<Data>
  /** Sends a message, and reads the answer as it comes. */
  ask: (sessionId: string, content: string) => Promise<string>
  cookie: () => string
}

const paint = (code: number) => (text: string) =>
  process.stdout.isTTY ? `\u001B[${code}m${text}\u001B[0m` : text
const dim = paint(2)
const green = paint(32)
const cyan = paint(36)

/** A visitor that prints each of its steps. */
export function createVisitor(baseUrl: string, print: Print, carried = ''): Visitor {
  let cookie = carried
  const request = async (method: string, path: string, body?: object): Promise<Response> => {
    const response = await fetch(new URL(path, baseUrl), {
      method,
      headers: {
        // The header that browsers send for the app's own pages.
        Origin: new URL(baseUrl).origin,
        ...(cookie === '' ? {} : { Cookie: cookie }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    for (const set of response.headers.getSetCookie()) cookie = set.split(';')[0]!
    return response
  }
  const tell = (method: string, path: string, body?: object): void => {
    const shown = path.replace(/^(\/api\/(?:sessions|chat)\/.{6})[\w-]{10,}/, '$1…')
    print(`${cyan(`${method} ${shown}`)}${body === undefined ? '' : ` ${hideSecrets(body)}`}`)
  }

  const visitor: Visitor = {
    async open(path) {
      tell('GET', path)
      const response = await request('GET', path)
      await response.arrayBuffer()
      print(`  ${green(String(response.status))} ${dim(response.headers.get('content-type') ?? '')}`)
    },

    async send(method, path, body) {
      tell(method, path, body)
      const response = await request(method, path, body)
      const answer = (await response.json()) as Data
      const status = (response.ok ? green : cyan)(String(response.status))
      print(`  ${status} ${dim(shorten(hideSecrets(response.ok ? answer : answer['detail'])))}`)
      return { status: response.status, body: answer }
    },

    async call(method, path, body) {
      const { status, body: answer } = await visitor.send(method, path, body)
      if (status >= 300) throw new Error(`${method} ${path} answered ${status}`)
      return answer
    },

    async ask(sessionId, content) {
      const path = `/api/sessions/${sessionId}/message?stream=true`
      tell('POST', path, { content })
      const response = await request('POST', path, { content })
      if (!response.ok) throw new Error(`POST ${path} answered ${response.status}`)
      const text = textOf(await response.text())
      print(`  ${green(String(response.status))} ${dim(shorten(text.replaceAll(/\s+/g, ' ')))}`)
      return text
    },

    cookie: () => cookie,
  }
  return visitor
}

/** The text of the answer in these events. */
function textOf(events: string): string {
  return events
    .split('\n\n')
    .filter((block) => block.includes('event: response.text.delta'))
    .map((block) => /^data: (.*)$/m.exec(block)?.[1] ?? '{}')
    .map((data) => (JSON.parse(data) as { delta?: string }).delta ?? '')
    .join('')
}

/** Secrets shortened, because others may see the terminal. */
function hideSecrets(value: unknown): string {
  return JSON.stringify(value ?? null).replaceAll(/("secret":"|"guest":"|#)([\w-]{4})[\w.-]+/g, '$1$2…')
}

function shorten(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}…` : text
}
