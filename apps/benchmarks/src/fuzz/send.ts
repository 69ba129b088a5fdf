import type { SessionApi } from '@sessions/core/http'
import { z } from 'zod'
import { Finding, LateFinding } from './finding.js'
import type { Body, FuzzedRequest } from './requests.js'
import type { Scene } from './scene.js'
import { escapedText } from './values.js'

/** What was answered, as far as it was read. */
export interface Answered {
  readonly status: number
  readonly code: string | undefined
}

const problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  instance: z.string(),
})

/** Sends a request and reads the answer to its end. @throws `Finding` when the answer is none that there may be. */
export async function send(
  api: Pick<SessionApi, 'handle'>,
  scene: Scene,
  fuzzed: FuzzedRequest,
): Promise<Answered | undefined> {
  const hangUp = new AbortController()
  const request = toRequest(scene, fuzzed, hangUp.signal)
  if (request === undefined) return undefined
  if (fuzzed.hangsUp === 'before') hangUp.abort()
  const answering = api.handle(request)
  if (fuzzed.hangsUp === 'meanwhile') setImmediate(() => hangUp.abort())
  const response = await answering
  const text = await readAll(response)
  const code = checkAnswer(response, text, fuzzed)
  return { status: response.status, code }
}

function toRequest(scene: Scene, fuzzed: FuzzedRequest, signal: AbortSignal): Request | undefined {
  const { method, as } = fuzzed
  const query = fuzzed.query.map(([name, value]) => {
    return `${escapedText(scene.filled(name))}=${escapedText(scene.filled(value))}`
  })
  const path = fuzzed.path
    .split('/')
    .map((segment) => (segment.startsWith('«') ? encodeURIComponent(scene.filled(segment)) : segment))
  const url = `https://fuzz.test${path.join('/')}${query.length === 0 ? '' : `?${query.join('&')}`}`
  const headers = new Headers(scene.headersOf(as))
  headers.set('content-type', 'application/json')
  for (const [name, value] of fuzzed.headers) {
    try {
      headers.set(name, scene.filled(value))
    } catch {
      // No client could send it.
    }
  }
  const isBodiless = method === 'GET' || method === 'HEAD' || fuzzed.body === undefined
  try {
    const body = isBodiless ? {} : { body: toBody(scene.filled(fuzzed.body)), duplex: 'half' }
    return new Request(url, { method, headers, signal, ...body } as RequestInit)
  } catch {
    // What no JSON can hold, and what no client could send.
    return undefined
  }
}

// The API refuses a body by its length long before. A longer one would only take the fuzzer's own time.
const mostSent = 16 * 1024 * 1024

/** @throws for what no JSON can hold, and for what would be too long. */
function jsonOf(value: unknown): string {
  let length = 0
  const text = JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'string') length += inner.length
    if (length > mostSent) throw new Error('too long to be sent')
    return inner
  })
  return text ?? ''
}

function toBody(body: Body): string | Uint8Array | ReadableStream<Uint8Array> {
  if ('json' in body) return jsonOf(body.json)
  if ('text' in body) return body.text
  if ('bytes' in body) return new Uint8Array(body.bytes)
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode(body.broken))
      controller.error(new Error('the client has gone'))
    },
  })
}

/** Of a stream that has no end, such as that of what happens in a session, the beginning. */
async function readAll(response: Response): Promise<string> {
  if (response.body === null) return ''
  const isEndless = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  const decoder = new TextDecoder()
  const reader = response.body.getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text
    text += decoder.decode(value, { stream: true })
    if (isEndless && /event: session\.(changed|reset)/.test(text)) {
      await reader.cancel()
      return text
    }
  }
}

function checkAnswer(response: Response, text: string, { method, path }: FuzzedRequest): string | undefined {
  const { status, headers } = response
  const what = `${method} ${path} answers ${status}`
  if (headers.get('x-request-id') === null) throw new Finding(`${what} without X-Request-Id`)
  if (status < 400) return undefined
  if (method === 'HEAD') {
    if (status === 500) throw new Finding(what)
    return undefined
  }
  const said = readProblem(text, what)
  if (said === undefined) {
    // What `identify` answers itself is the application's.
    if (status === 401 && text.includes('who?')) return 'unauthenticated'
    throw new Finding(`${what} with no problem document: ${text.slice(0, 200)}`)
  }
  if (headers.get('content-type') !== 'application/problem+json')
    throw new Finding(`${what} as ${headers.get('content-type')}`)
  if (said.status !== status) throw new Finding(`${what}, and its document says ${said.status}`)
  if (said.instance !== `urn:request:${headers.get('x-request-id')}`)
    throw new Finding(`${what} with the instance ${said.instance}`)
  // A store that has not answered in time is late.
  if (said.code === 'unavailable' || said.code === 'unknown_outcome')
    throw new LateFinding(`${what}: ${said.code}`)
  // A model that fails is no fault of ours.
  if (status >= 500 && said.code !== 'model_failed') throw new Finding(`${what}: ${said.code}`)
  return said.code
}

function readProblem(text: string, what: string): z.infer<typeof problem> | undefined {
  try {
    return problem.safeParse(JSON.parse(text)).data
  } catch (cause) {
    throw new Finding(`${what} with no JSON: ${text.slice(0, 200)}`, { cause })
  }
}
