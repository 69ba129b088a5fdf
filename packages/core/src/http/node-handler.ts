import { checkOptions, type OptionNames } from '../options.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { SessionError } from '../errors.js'
import { newId } from '../ids.js'
import type { SessionApi } from './api.js'
import { bodyReadAlready } from './node-body.js'
import { toProblem, toProblemResponse } from './problem.js'

/** How requests of `node:http` are read, where a framework stands in front. */
export interface NodeHandlerOptions {
  /**
   * Scheme and host the request was sent to (default: `https` over TLS, else `http`, and the `Host` header). Behind a
   * proxy, say what it told you, if you trust it.
   */
  origin?: (req: IncomingMessage) => string
  /** The path with its query (default: `req.url`). */
  path?: (req: IncomingMessage) => string
  /**
   * A body that somebody has read already; undefined when nobody has (default: what a parser has left at `req.body` or
   * `req.rawBody`).
   */
  body?: (req: IncomingMessage) => string | Uint8Array | undefined
}

const handlerNames: OptionNames<NodeHandlerOptions> = { origin: true, path: true, body: true }

/** Serves the API on `node:http`, or anything that speaks its requests and responses. */
export function toNodeHandler(
  api: Pick<SessionApi, 'handle'>,
  options: NodeHandlerOptions = {},
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  checkOptions(options, handlerNames)
  return async (req, res) => {
    const gone = new AbortController()
    res.once('close', () => {
      if (!res.writableFinished) gone.abort()
    })
    let response: Response
    try {
      response = await api.handle(toRequest(req, options, gone.signal))
    } catch {
      response = unreadable()
    }
    await send(response, res)
  }
}

/** A body nested so deep that a parser before us could read it and nobody can write it, a `Host` that is none. */
function unreadable(): Response {
  const requestId = newId()
  const problem = toProblem(new SessionError('invalid', 'The request cannot be read.'))
  return toProblemResponse(
    { ...problem, instance: `urn:request:${requestId}` },
    { 'X-Request-Id': requestId },
  )
}

function toRequest(req: IncomingMessage, options: NodeHandlerOptions, signal: AbortSignal): Request {
  const isSecure = 'encrypted' in req.socket && req.socket.encrypted === true
  const origin =
    options.origin?.(req) ?? `${isSecure ? 'https' : 'http'}://${req.headers.host ?? 'localhost'}`
  const url = new URL(originOf(origin) + pathOf(options.path?.(req) ?? req.url ?? '/'))
  const headers = new Headers()
  for (let index = 0; index < req.rawHeaders.length; index += 2) {
    const name = req.rawHeaders[index]!
    if (!name.startsWith(':')) headers.append(name, req.rawHeaders[index + 1]!)
  }
  const method = req.method ?? 'GET'
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers, signal })
  const given = (options.body ?? bodyReadAlready)(req)
  const body = given === undefined ? toStream(req) : new Uint8Array(Buffer.from(given))
  // Said here, for not every library of types knows `duplex` yet, which a streamed body needs.
  const init = { method, headers, signal, body, duplex: 'half' as const }
  return new Request(url, init)
}

/** Scheme and host, and nothing that would move the path or the host elsewhere. @throws for what is none. */
function originOf(text: string): string {
  const host = /^[a-z]+:\/\/([^/?#@\\\s]+)$/i.exec(text)?.[1]
  if (host === undefined)
    throw new SessionError('invalid', 'The Host header names no host.', { path: 'Host' })
  return new URL(text).origin
}

/** A path is a path, never a reference: `//evil.example/` names no host. Of a whole address only its path counts. */
function pathOf(target: string): string {
  if (target.startsWith('/')) return target
  const address = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(.*)$/i.exec(target)?.[1]
  if (address === undefined) return '/'
  return address.startsWith('/') ? address : `/${address}`
}

/** The body, read as fast as whoever reads it. */
function toStream(req: IncomingMessage): ReadableStream<Uint8Array> | null {
  const { 'content-length': length, 'transfer-encoding': encoding } = req.headers
  if (encoding === undefined && (length === undefined || length === '0')) return null
  const chunks = req[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      const { done, value } = await chunks.next()
      if (done === true) controller.close()
      else controller.enqueue(new Uint8Array(value))
    },
    async cancel() {
      // The rest is read and thrown away: a connection that is cut while its client still sends loses the answer.
      while ((await chunks.next()).done !== true);
    },
  }
  // Nothing is read before somebody asks: a request that nobody has touched is cleared away by node.
  return new ReadableStream(source, { highWaterMark: 0 })
}

/** Writes a response; no faster than it is read, and no longer than somebody does. */
async function send(response: Response, res: ServerResponse): Promise<void> {
  if (res.destroyed) {
    await response.body?.cancel()
    return
  }
  res.statusCode = response.status
  for (const [name, value] of response.headers) {
    // Cookies are many headers, and headers that others have set stay.
    if (name === 'set-cookie') res.appendHeader(name, value)
    else if (name === 'vary' && res.hasHeader(name)) res.appendHeader(name, value)
    else res.setHeader(name, value)
  }
  if (response.body === null) {
    res.end()
    return
  }
  res.flushHeaders()
  const reader = response.body.getReader()
  let isGone = false
  const closed = new Promise<void>((resolve) => {
    res.once('close', () => {
      isGone = true
      resolve()
    })
  })
  void closed.then(() => reader.cancel().catch(() => {}))
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || isGone) break
      if (!res.write(value))
        await Promise.race([new Promise((resolve) => res.once('drain', resolve)), closed])
      // Behind `compression`, what is written waits until it is flushed.
      ;(res as { flush?: () => void }).flush?.()
    }
    res.end()
  } catch {
    // The status is out; cutting the connection is the only way left to say that this is not all.
    res.destroy()
  }
}
