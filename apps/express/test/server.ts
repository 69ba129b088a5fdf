import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { memoryBus, memoryStore, type Sessions } from '@sessions/core'
import { type AppOptions, createApp } from '../src/app.js'
import { createShopSessions } from '../src/shop-sessions.js'

export const adminToken = 'an-admin-token-for-tests'
export const api = '/api/v1/shopping'

// oxlint-disable-next-line typescript/no-explicit-any -- What comes over the wire is looked at field by field.
export type Data = Record<string, any>

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** The envelope. */
  body: {
    success: boolean
    data: Data
    meta?: Data
    error?: { code: string; message: string; path?: string }
  }
  data: Data
}

/** A caller of its own: keeps the credential it is given and sends it along. */
export interface Client {
  credential: string | undefined
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  fetch(method: string, path: string, init?: RequestInit): Promise<Response>
  /** Starts a session; its path. */
  start(): Promise<string>
  ask(q: string, more?: object): Promise<Data>
}

export interface TestServer {
  url: string
  sessions: Sessions
  errors: unknown[]
  client(headers?: Record<string, string>): Client
  /** How many sessions the store holds. */
  count(): Promise<number>
  /** How many requests are being answered. */
  answering(): number
  close(): Promise<void>
}

/** The app on a real socket. */
export async function startServer(options: Partial<AppOptions> = {}): Promise<TestServer> {
  const sessions = options.sessions ?? createShopSessions({ store: memoryStore(), bus: memoryBus() })
  const errors: unknown[] = []
  const app = createApp({
    adminToken,
    requestsPerMinute: 1_000_000,
    onError: (error) => errors.push(error),
    ...options,
    sessions,
  })
  const server = app.listen(0, '127.0.0.1')
  let answering = 0
  server.on('request', (_, res) => {
    answering++
    res.on('close', () => answering--)
  })
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    sessions,
    errors,
    client: (headers) => createClient(url, headers),
    async count() {
      const admin = sessions.for({ tenantId: 'shop', roles: ['admin'] })
      let total = 0
      let cursor: string | undefined
      do {
        const page = await admin.list({ limit: 200, ...(cursor === undefined ? {} : { cursor }) })
        total += page.items.length
        cursor = page.cursor
      } while (cursor !== undefined)
      return total
    },
    answering: () => answering,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function createClient(url: string, always: Record<string, string> = {}): Client {
  const client: Client = {
    credential: undefined,
    async fetch(method, path, init = {}) {
      const headers = new Headers({ ...always, ...(init.headers as Record<string, string> | undefined) })
      if (client.credential !== undefined) headers.set('X-Session-Id', client.credential)
      const response = await fetch(`${url}${path.startsWith('/api') ? '' : api}${path}`, {
        ...init,
        method,
        headers,
      })
      client.credential = response.headers.get('X-Session-Id') ?? client.credential
      return response
    },
    async send(method, path, body, headers = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const response = await client.fetch(method, path, {
        headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: text }),
      })
      const said = await response.text()
      const envelope = JSON.parse(said === '' ? '{}' : said) as Answer['body']
      return {
        status: response.status,
        headers: response.headers,
        text: said,
        body: envelope,
        data: envelope.data,
      }
    },
    async start() {
      const { data } = await client.send('POST', '/session')
      return `/session/${String(data['session_id'])}`
    },
    async ask(q, more = {}) {
      const answer = await client.send('POST', '/query', { q, ...more })
      if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`)
      return answer.data
    },
  }
  return client
}

/** The events of an event stream that has ended. */
export function readEvents(text: string): { id: number; event: Data }[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('data: '))
    .map((block) => ({
      id: Number(/^id: (\d+)$/m.exec(block)?.[1]),
      event: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? 'null') as Data,
    }))
}
