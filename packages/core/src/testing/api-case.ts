import { expect } from 'vitest'
import { newId } from '../ids.js'
import { ApiDescription, type FetchLike } from './description.js'

/** One thing that every mount of the API must show. The case rejects when the mount does not show it. */
export interface ApiCase {
  title: string
  run: (client: ApiClient) => Promise<void>
}

/** The cases of one part of the API. */
export interface ApiChapter {
  title: string
  cases: readonly ApiCase[]
}

/** What an answer to the suite holds. */
export interface Reply {
  status: number
  headers: Headers
  /** JSON; undefined when there is no body. */
  body: Json
}
// The one place where a test looks into JSON of any shape.
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any

/** What a request of the suite carries. */
export interface SendOptions {
  /** Sent as JSON (default: no body). */
  body?: unknown
  /** Sent beside those of every request (default: none). */
  headers?: Record<string, string>
  /** Hangs up (default: none). */
  signal?: AbortSignal
}

/** An event of a stream, as it came. */
export interface WireEvent {
  id: string
  event: string
  data: Json
}

/** One caller of the API, who compares every answer with the API's own description. */
export class ApiClient {
  readonly #fetch: FetchLike
  readonly #token: string | undefined
  readonly #description: ApiDescription

  constructor(fetchLike: FetchLike, token?: string, description = new ApiDescription(fetchLike)) {
    this.#fetch = fetchLike
    this.#token = token
    this.#description = description
  }

  /** The same API for another caller: `tenant/user/role`; undefined is nobody in particular. */
  as(token?: string): ApiClient {
    return new ApiClient(this.#fetch, token, this.#description)
  }

  /** A caller that no other case knows, in a tenant of their own. */
  somebody(): ApiClient {
    return this.as(`t-${newId()}/alice`)
  }

  /** The OpenAPI description that the API serves. */
  openApi(): ReturnType<ApiDescription['openApi']> {
    return this.#description.openApi()
  }

  /** Sends a request, and gives the response unread and unchecked. */
  raw(method: string, path: string, { body, headers, signal }: SendOptions = {}): Promise<Response> {
    return this.#fetch(path, {
      method,
      redirect: 'manual',
      headers: {
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /** Sends a request, reads the answer, and checks it against the OpenAPI description. */
  async send(method: string, path: string, options: SendOptions = {}): Promise<Reply> {
    const response = await this.raw(method, path, options)
    const text = await response.text()
    const { status, headers } = response
    const type = headers.get('content-type') ?? ''
    const body: unknown = /json/.test(type) && text !== '' ? JSON.parse(text) : undefined
    if (method !== 'HEAD' && text !== '') await this.#description.check(method, path, { status, type, body })
    expect(headers.get('x-request-id'), 'every answer has an id').toBeTruthy()
    expect(headers.get('cache-control'), 'no answer is cached').toContain('no-store')
    expect(headers.get('x-content-type-options'), 'no browser guesses a type').toBe('nosniff')
    expect(headers.get('referrer-policy'), 'no page tells the address of a session').toBe('no-referrer')
    return { status, headers, body }
  }

  get = (path: string, options?: SendOptions) => this.send('GET', path, options)
  post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
    this.send('POST', path, { ...(body === undefined ? {} : { body }), headers })

  /** The id of a new session. */
  async newSession(body: unknown = {}): Promise<string> {
    const reply = await this.post('/sessions', body)
    expect(reply.status).toBe(201)
    return reply.body.session.id as string
  }

  /** The messages of a session's history, as `role: text (status)`. */
  async lines(id: string): Promise<string[]> {
    const { body } = await this.get(`/sessions/${encodeURIComponent(id)}/messages?limit=1000`)
    return body.messages.items.map(
      (item: { role: string; content: unknown; status: string }) =>
        `${item.role}: ${typeof item.content === 'string' ? item.content : JSON.stringify(item.content)} (${item.status})`,
    )
  }

  /** Server-sent events as they come, until the end or until the caller stops reading. */
  async *events(method: string, path: string, options: SendOptions = {}): AsyncGenerator<WireEvent, void> {
    const response = await this.raw(method, path, {
      ...options,
      headers: { accept: 'text/event-stream', ...options.headers },
    })
    expect(response.status, await peek(response)).toBe(200)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(response.headers.get('cache-control')).toContain('no-transform')
    yield* readEvents(response)
  }
}

async function peek(response: Response): Promise<string> {
  return response.status === 200 ? '' : response.clone().text()
}

/** The events of a stream; comments, as heartbeats are, are left out. */
export async function* readEvents(response: Response): AsyncGenerator<WireEvent, void> {
  const decoder = new TextDecoder()
  let text = ''
  const reader = response.body!.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      text += decoder.decode(value, { stream: true })
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end)
        text = text.slice(end + 2)
        const fields = Object.fromEntries(
          block
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        )
        if (fields['event'] === undefined) continue
        yield { id: fields['id']!, event: fields['event'], data: JSON.parse(fields['data']!) as unknown }
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
