import { texts } from '../texts.js'
import type { AppName } from './start-app.js'

/** A request that is dear to an application, within the limits that it has. */
export interface AppCase {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

/** One visitor of an application, who keeps the credential that it was given. */
export class Visitor {
  readonly #url: string
  readonly #headers: Record<string, string>

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#url = url
    this.#headers = { origin: new URL(url).origin, ...headers }
  }

  /** Reads the answer to its end; of JSON it gives the value. */
  async send(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(new URL(path, this.#url), {
      method,
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const credential = response.headers.get('x-session-id')
    if (credential !== null) this.#headers['x-session-id'] = credential
    for (const set of response.headers.getSetCookie()) this.#headers['cookie'] = set.split(';')[0]!
    const text = await response.text()
    // What an application finds wrong with a text is measured, too.
    if (!response.ok && !refusals.includes(response.status)) {
      throw new Error(`${method} ${path.slice(0, 80)} answered ${response.status}: ${text.slice(0, 500)}`)
    }
    const isJson = response.headers.get('content-type')?.includes('json') === true
    return isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
  }
}

// The longest texts that the applications take.
const longestQuery = 4000
const longestSearch = 300
const refusals: readonly number[] = [400, 413, 422]
const many = 2000

const said = (index: number): string => `w${index} I like cups of colour ${index % 97}, and w${index * 31}`

/** Makes a long conversation in an application, and the requests that are dear to it. */
export const appCases: Readonly<Record<AppName, (url: string) => Promise<[Visitor, AppCase[]]>>> = {
  async express(url) {
    const visitor = new Visitor(url)
    const api = '/api/v1/shopping'
    const { data } = (await visitor.send('POST', `${api}/session`)) as { data: { session_id: string } }
    const at = `${api}/session/${data.session_id}`
    for (let from = 0; from < many; from += 100) {
      const messages = Array.from({ length: 100 }, (_, index) => ({
        role: 'user',
        content: said(from + index),
      }))
      await visitor.send('POST', `${at}/messages`, { messages })
    }
    return [
      visitor,
      [
        ...perText(longestQuery, (q) => ({ method: 'POST', path: `${api}/query`, body: { q } })),
        ...perText(longestQuery, (q) => ({ method: 'POST', path: `${api}/query/stream`, body: { q } })),
        ...perText(longestSearch, (q) => ({ method: 'GET', path: `${api}/products?${query({ q })}` })),
        { name: 'a long conversation', method: 'GET', path: `${at}/conversation?limit=1000` },
        { name: 'a long conversation', method: 'GET', path: `${at}/info` },
        { name: 'a long conversation', method: 'GET', path: `${at}/cart` },
        { name: 'recall', method: 'POST', path: `${api}/query`, body: { q: 'What did I ask first?' } },
      ],
    ]
  },

  async nest(url) {
    const visitor = new Visitor(url, { authorization: 'Bearer demo-claude' })
    const { sessionId } = await visitor.send('POST', '/v1/execute', {
      tool: 'add_to_cart',
      input: { sku: 'KL-CUP' },
    })
    const at = `/v1/sessions/${String(sessionId)}`
    for (let from = 0; from < many; from += 100) {
      const messages = Array.from({ length: 100 }, (_, index) => ({ content: said(from + index) }))
      await visitor.send('POST', `${at}/messages`, { messages })
    }
    const execute = (tool: string, input: object) => ({
      method: 'POST',
      path: '/v1/execute',
      body: { tool, input },
    })
    return [
      visitor,
      [
        ...perText(longestSearch, (text) => execute('search_products', { query: text })),
        { name: 'much input', ...execute('search_products', { query: texts['JSON']!.slice(0, 60_000) }) },
        { name: 'a cart', ...execute('add_to_cart', { sku: 'KL-CUP', quantity: 20 }) },
        { name: 'a cart', ...execute('view_cart', {}) },
        { name: 'a cart', ...execute('recommend', { limit: 5 }) },
        { name: 'all of them', method: 'GET', path: '/v1/tools' },
        { name: 'a long conversation', method: 'GET', path: `${at}/messages?limit=1000` },
        { name: 'a long conversation', method: 'GET', path: `${at}/context?maxTokens=100000` },
        ...perText(longestSearch, (shop) => ({ method: 'GET', path: `/continue?${query({ shop })}` })),
      ],
    ]
  },

  async next(url) {
    const visitor = new Visitor(url)
    await visitor.send('GET', '/')
    const { session } = (await visitor.send('POST', '/api/sessions', {})) as { session: { id: string } }
    const at = `/api/sessions/${session.id}`
    for (let from = 0; from < many; from += 100) {
      const messages = Array.from({ length: 100 }, (_, index) => ({ content: said(from + index) }))
      await visitor.send('POST', `${at}/messages`, { messages })
    }
    const say = (content: string) => ({
      method: 'POST',
      path: `${at}/message?stream=true`,
      body: { content },
    })
    return [
      visitor,
      [
        { name: 'nothing yet', method: 'GET', path: '/' },
        { name: 'a long conversation', method: 'GET', path: `/c/${session.id}` },
        ...perText(longestSearch, (q) => ({ method: 'GET', path: `/?${query({ q })}` })),
        ...perText(longestSearch, (q) => ({ method: 'GET', path: `/api/chat/search?${query({ q })}` })),
        ...perText(longestQuery, say),
        { name: 'recall', ...say('What did I just say?') },
        { name: 'a long conversation', method: 'GET', path: `${at}/messages?limit=1000` },
        { name: 'a long conversation', method: 'GET', path: `${at}/context?maxTokens=100000` },
        { name: 'all of it', method: 'GET', path: '/api/chat/catalogue' },
        { name: 'no link', method: 'GET', path: '/continue' },
      ],
    ]
  },
}

function perText(length: number, make: (text: string) => Omit<AppCase, 'name'>): AppCase[] {
  return Object.entries(texts).map(([name, text]) => ({ name, ...make(text.slice(0, length)) }))
}

function query(fields: Record<string, string>): string {
  return new URLSearchParams(fields).toString()
}
