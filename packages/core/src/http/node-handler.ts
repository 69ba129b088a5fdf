import { pause } from '../async/slices.js'
import { checkOptions, type OptionNames } from '../options.js'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { isSessionError, SessionError } from '../errors.js'
import type { SessionApi } from './api.js'
import { originOf } from './api-roots.js'
import { everyAnswer, requestIdOf } from './every-answer.js'
import { bodyReadAlready } from './node-body.js'
import { RequestError, toProblem, toProblemResponse } from './problem.js'

/** How requests of `node:http` are read when a framework comes first. */
export interface NodeHandlerOptions {
  /**
   * Scheme and host that the request was sent to (default: `https` over TLS, else `http`, and the `Host` header, or
   * `:authority` over HTTP/2).
   * Behind a proxy that you trust, return what the proxy says.
   */
  origin?: (req: IncomingMessage) => string
  /** The path with its query (default: `req.url`). */
  path?: (req: IncomingMessage) => string
  /** The part of the path before the `basePath` of the API, such as `/api` (default: none). */
  mountPath?: (req: IncomingMessage) => string | undefined
  /**
   * A body that has been read already; undefined when it is unread (default: the body that a parser has stored at
   * `req.body` or `req.rawBody`).
   */
  body?: (req: IncomingMessage) => string | Uint8Array | undefined
}

const handlerNames: OptionNames<NodeHandlerOptions> = {
  origin: 'function',
  path: 'function',
  mountPath: 'function',
  body: 'function',
}

/**
 * Serves the API on `node:http`, or on servers with the same requests and responses, such as `node:http2`.
 *
 * @throws `invalid` at start, for wrong options, and for what has no `handle`.
 */
export function toNodeHandler(
  api: Pick<SessionApi, 'handle'>,
  options: NodeHandlerOptions = {},
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  checkOptions(options, handlerNames)
  if (typeof (api as Partial<SessionApi> | undefined)?.handle !== 'function')
    throw new SessionError('invalid', 'api must be what createSessionApi makes, and no promise of it', {
      path: 'api',
    })
  return async (req, res) => {
    const gone = new AbortController()
    res.once('close', () => {
      if (!res.writableFinished) gone.abort()
    })
    // To make a Request takes as long as much of the answer. What has a body must be read from the start.
    if (!hasBody(req)) await pause()
    let response: Response
    try {
      response = await api.handle(toRequest(req, options, gone.signal), {
        mountPath: options.mountPath?.(req),
      })
    } catch (error) {
      response = unreadable(req, error)
    }
    await send(response, res)
  }
}

/**
 * For a body nested so deep that an earlier parser could read it but it cannot be written again, and for a wrong
 * `Host`.
 */
function unreadable({ headers }: IncomingMessage, error: unknown): Response {
  const given = headers['x-request-id']
  const requestId = requestIdOf(typeof given === 'string' ? given : undefined)
  const isKnown = isSessionError(error) || error instanceof RequestError
  const known = isKnown ? error : new SessionError('invalid', 'The request cannot be read.')
  const problem = toProblem(known)
  return toProblemResponse(
    { ...problem, instance: `urn:request:${requestId}` },
    {
      ...everyAnswer,
      'X-Request-Id': requestId,
      ...(error instanceof RequestError ? error.headers : {}),
    },
  )
}

function toRequest(req: IncomingMessage, options: NodeHandlerOptions, signal: AbortSignal): Request {
  const isSecure = 'encrypted' in req.socket && req.socket.encrypted === true
  const origin =
    options.origin?.(req) ?? `${isSecure ? 'https' : 'http'}://${hostOf(req.headers) ?? 'localhost'}`
  const path = pathOf(options.path?.(req) ?? req.url ?? '/')
  const method = req.method ?? 'GET'
  // The standard Request takes no such method.
  if (/^(?:TRACE|TRACK|CONNECT)$/i.test(method))
    throw new RequestError('method_not_allowed', `No path takes ${method}.`, {
      headers: { Allow: allMethods },
    })
  if (isIndirect.test(path)) throw new RequestError('no_such_route', 'There is no route at this path.')
  const url = new URL(originOf(origin) + path)
  const headers = new Headers()
  for (let index = 0; index < req.rawHeaders.length; index += 2) {
    const name = req.rawHeaders[index]!
    if (!name.startsWith(':')) headers.append(name, req.rawHeaders[index + 1]!)
  }
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers, signal })
  const given = (options.body ?? bodyReadAlready)(req)
  const body = given === undefined ? toStream(req) : new Uint8Array(Buffer.from(given))
  // What a parser has read, it has unpacked too, and the header still tells of the body as it was sent.
  if (given !== undefined) headers.delete('content-encoding')
  // Spelled out, because not every library of types has `duplex` yet, which a streamed body needs.
  const init = { method, headers, signal, body, duplex: 'half' as const }
  return new Request(url, init)
}

/** The host, with its port, that the client named. */
export function hostOf(headers: IncomingHttpHeaders): string | undefined {
  return (headers[':authority'] as string | undefined) ?? headers.host
}

// Some path takes each of them.
const allMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

// A path that a URL reads as another one: with `.` or `..` between its slashes, encoded or not, with a backslash, or with
// `#`. What stands in front of the API, such as a guard, has seen the path as it was sent.
const isIndirect = /^[^?]*(?:[\\#]|\/(?:\.|%2e){1,2}(?:[/?]|$))/i

/**
 * A path counts as a path, never as a reference: `//evil.example/` names no host. Of a whole URL only its path counts.
 */
function pathOf(target: string): string {
  if (target.startsWith('/')) return target
  const address = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(.*)$/i.exec(target)?.[1]
  if (address === undefined) return '/'
  return address.startsWith('/') ? address : `/${address}`
}

/** Over HTTP/2 a body needs no header that tells of it. */
function hasBody(req: IncomingMessage & { stream?: { readonly endAfterHeaders?: boolean } }): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = req.headers
  if (length === '0') return false
  if (req.httpVersionMajor >= 2) return req.stream?.endAfterHeaders !== true
  return encoding !== undefined || length !== undefined
}

/** The body, read as fast as its reader takes it. */
function toStream(req: IncomingMessage): ReadableStream<Uint8Array> | null {
  if (!hasBody(req)) return null
  if (req.readableDidRead) {
    throw new SessionError(
      'invalid',
      'The body was read before the API got the request: mount the API before what reads it, or keep what was read at req.body.',
      { path: 'body' },
    )
  }
  const chunks = req[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  // Another listener takes the body as it comes, so the first piece must not be waited for any longer.
  let first = req.readableFlowing === true ? chunks.next() : undefined
  first?.catch(() => {})
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      const next = first ?? chunks.next()
      first = undefined
      const { done, value } = await next
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
  // Or other code has answered meanwhile, such as one that limits the time of requests.
  if (res.destroyed || res.headersSent) {
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
  // No promise for the end of the connection: who waits for one beside each piece is kept as long as it lasts.
  let goOn = (): void => {}
  res.once('close', () => {
    isGone = true
    goOn()
    reader.cancel().catch(() => {})
  })
  res.on('drain', () => goOn())
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || isGone) break
      if (!res.write(value) && !isGone) await new Promise<void>((resolve) => (goOn = resolve))
      // With `compression`, written data waits until it is flushed.
      ;(res as { flush?: () => void }).flush?.()
    }
    res.end()
  } catch {
    // The status has been sent; only cutting the connection can show that the response is not complete.
    res.destroy()
  }
}
