import { checkOptions, type OptionNames } from '../options.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { SessionError } from '../errors.js'
import { newId } from '../ids.js'
import type { SessionApi } from './api.js'
import { bodyReadAlready } from './node-body.js'
import { toProblem, toProblemResponse } from './problem.js'

/** How requests of `node:http` are read when a framework comes first. */
export interface NodeHandlerOptions {
  /**
   * Scheme and host that the request was sent to (default: `https` over TLS, else `http`, and the `Host` header).
   * Behind a proxy that you trust, return what the proxy says.
   */
  origin?: (req: IncomingMessage) => string
  /** The path with its query (default: `req.url`). */
  path?: (req: IncomingMessage) => string
  /**
   * A body that has been read already; undefined when it is unread (default: the body that a parser has stored at
   * `req.body` or `req.rawBody`).
   */
  body?: (req: IncomingMessage) => string | Uint8Array | undefined
}

const handlerNames: OptionNames<NodeHandlerOptions> = { origin: true, path: true, body: true }

/** Serves the API on `node:http`, or on servers with the same requests and responses. */
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

/**
 * For a body nested so deep that an earlier parser could read it but it cannot be written again, and for a wrong
 * `Host`.
 */
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
  // Spelled out, because not every library of types has `duplex` yet, which a streamed body needs.
  const init = { method, headers, signal, body, duplex: 'half' as const }
  return new Request(url, init)
}

/** Scheme and host, and nothing that would change the path or the host. @throws for a wrong host. */
function originOf(text: string): string {
  const host = /^[a-z]+:\/\/([^/?#@\\\s]+)$/i.exec(text)?.[1]
  if (host === undefined)
    throw new SessionError('invalid', 'The Host header names no host.', { path: 'Host' })
  return new URL(text).origin
}

/**
 * A path counts as a path, never as a reference: `//evil.example/` names no host. Of a whole URL only its path counts.
 */
function pathOf(target: string): string {
  if (target.startsWith('/')) return target
  const address = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(.*)$/i.exec(target)?.[1]
  if (address === undefined) return '/'
  return address.startsWith('/') ? address : `/${address}`
}

/** The body, read as fast as its reader takes it. */
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
      // The rest is read and thrown away: if the connection were cut while its client still sends, the answer would be
      // lost.
      while ((await chunks.next()).done !== true);
    },
  }
  // Reading begins with the first read of the body: node cleans up a request whose body is never read.
  return new ReadableStream(source, { highWaterMark: 0 })
}

/** Writes a response; no faster than the client reads, and no longer than it is connected. */
async function send(response: Response, res: ServerResponse): Promise<void> {
  if (res.destroyed) {
    await response.body?.cancel()
    return
  }
  res.statusCode = response.status
  for (const [name, value] of response.headers) {
    // Each cookie is a header of its own, and headers from other code stay.
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
      // With `compression`, written data waits until it is flushed.
      ;(res as { flush?: () => void }).flush?.()
    }
    res.end()
  } catch {
    // The status has been sent; only cutting the connection can show that the response is not complete.
    res.destroy()
  }
}
