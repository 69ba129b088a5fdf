import { LLMGateway, type LLMGatewayOptions } from '../src/llm-gateway.js'

export const adminToken = 'an-admin-token-for-tests'

// oxlint-disable-next-line typescript/no-explicit-any -- What comes over the wire is looked at field by field.
export type Data = Record<string, any>

export interface Answer {
  status: number
  headers: Headers
  body: Data
}

/** A caller of its own: keeps the credential it is given and sends it along. */
export interface Client {
  credential: string | undefined
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** What a tool gave back, which must have gone well. */
  run(tool: string, input?: object, headers?: Record<string, string>): Promise<Data>
}

export interface TestServer {
  url: string
  errors: unknown[]
  /** Method and URL of every request. */
  log: string[]
  client(headers?: Record<string, string>): Client
  close(): Promise<void>
}

/** The gateway on a real socket. */
export async function startServer(options: LLMGatewayOptions = {}): Promise<TestServer> {
  const errors: unknown[] = []
  const log: string[] = []
  const gateway = new LLMGateway({
    adminToken,
    requestsPerMinute: 1_000_000,
    onError: (error) => errors.push(error),
    onRequest: ({ method, url }) => log.push(`${method} ${url}`),
    ...options,
  })
  const url = await gateway.listen(0)
  return {
    url,
    errors,
    log,
    client: (headers) => createClient(url, headers),
    close: () => gateway.close(),
  }
}

function createClient(url: string, always: Record<string, string> = {}): Client {
  const client: Client = {
    credential: undefined,
    async send(method, path, body, headers = {}) {
      const response = await fetch(url + path, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...(client.credential === undefined ? {} : { 'X-Session-Id': client.credential }),
          ...always,
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      client.credential = response.headers.get('X-Session-Id') ?? client.credential
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        body: JSON.parse(text === '' ? '{}' : text) as Data,
      }
    },
    async run(tool, input = {}, headers = {}) {
      const { status, body } = await client.send('POST', '/v1/execute', { tool, input }, headers)
      if (status !== 200) throw new Error(`${tool} answered ${status}: ${JSON.stringify(body)}`)
      return body['output'] as Data
    },
  }
  return client
}
