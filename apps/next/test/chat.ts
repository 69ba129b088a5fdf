import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const startMs = 240_000

export const adminToken = 'an-admin-token-for-tests'
export const secrets = 'a-secret-of-tests-that-is-32-bytes-long-or-more'

// oxlint-disable-next-line typescript/no-explicit-any -- What comes over the wire is looked at field by field.
export type Data = Record<string, any>

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Data
}

/** Somebody with cookies of their own, who says of each request that it comes from a page of the application. */
export interface Visitor {
  cookie: string
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** As `send`; what does not succeed is an error. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Data>
  /** Makes a session. */
  begin(body?: object): Promise<string>
  /** The text of the answer to a message. */
  ask(sessionId: string, content: string): Promise<string>
}

export interface Chat {
  readonly url: string
  readonly child: ChildProcess
  /** What it has printed. */
  output(): string
  visitor(): Visitor
  stop(signal?: NodeJS.Signals): Promise<void>
}

// What the machine may have set, and the tests must not depend on.
const unset = {
  OPENAI_API_KEY: '',
  ANTHROPIC_API_KEY: '',
  AI_GATEWAY_API_KEY: '',
  REDIS_URL: '',
  DATABASE_URL: '',
}

/** The application as people start it, in a process of its own; in memory, unless `env` names a store. */
export async function startChat(env: Record<string, string> = {}): Promise<Chat> {
  const isNamed = ['REDIS_URL', 'DATABASE_URL', 'SESSIONS_SQLITE'].some((name) => env[name])
  const child = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      ...unset,
      PORT: '0',
      HOST: '127.0.0.1',
      CHAT_DELAY_MS: '0',
      SESSION_SECRETS: secrets,
      ADMIN_TOKEN: adminToken,
      CHAT_STORE: isNamed ? '' : 'memory',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    const tooLate = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`The chat did not come up in ${startMs} ms:\n${output}`))
    }, startMs)
    const read = (data: Buffer): void => {
      output += String(data)
      const listening = /listening on (http:\/\/\S+)/.exec(output)?.[1]
      if (listening === undefined) return
      clearTimeout(tooLate)
      resolve(listening)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', (code) => {
      clearTimeout(tooLate)
      reject(new Error(`The chat ended with ${code}:\n${output}`))
    })
  })
  return {
    url,
    child,
    output: () => output,
    visitor: () => createVisitor(url),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill(signal)
      await once(child, 'exit')
    },
  }
}

function createVisitor(url: string): Visitor {
  const visitor: Visitor = {
    cookie: '',
    async send(method, path, body, headers = {}) {
      const response = await fetch(url + path, {
        method,
        headers: {
          Origin: url,
          ...(visitor.cookie === '' ? {} : { Cookie: visitor.cookie }),
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      for (const set of response.headers.getSetCookie()) visitor.cookie = set.split(';')[0]!
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.includes('json') === true
      return {
        status: response.status,
        headers: response.headers,
        body: (isJson ? JSON.parse(text) : { text }) as Data,
      }
    },
    async call(method, path, body, headers) {
      const answer = await visitor.send(method, path, body, headers)
      if (answer.status >= 300) {
        throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
      }
      return answer.body
    },
    async begin(body = {}) {
      return (await visitor.call('POST', '/api/sessions', body))['session'].id as string
    },
    async ask(sessionId, content) {
      const { response } = await visitor.call('POST', `/api/sessions/${sessionId}/message`, { content })
      return response.text as string
    },
  }
  return visitor
}
