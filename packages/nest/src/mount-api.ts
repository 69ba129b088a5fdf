import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { HttpAdapterHost } from '@nestjs/core'
import type { SessionApi } from '@sessions/core'
import { toNodeHandler } from '@sessions/core/node'
import type { SessionsRequest } from './sessions-options.js'

type NodeRequest = IncomingMessage & { protocol?: string; body?: unknown }

const platformRequests = new WeakMap<Request, SessionsRequest>()

/**
 * The platform's request behind one that the HTTP API shows to an option of yours, such as `limitKey` or
 * `audienceOf`: it has what your middleware put there, and `ip`. On Fastify it is Node's own.
 *
 * @throws for a request that a mounted API was not given.
 */
export function platformRequestOf(request: Request): SessionsRequest {
  const found = platformRequests.get(request)
  if (found === undefined) throw new Error('This request was not answered by the API of SessionsModule.')
  return found
}

type Answer = (req: NodeRequest, res: ServerResponse, next: () => void) => void

/**
 * Has the application answer the API's paths by itself: after the middleware that the application was given, before
 * the parsers of bodies, whose limits and errors are not the API's.
 */
export function mountApi(host: HttpAdapterHost, api: SessionApi): void {
  const answer: Answer = (req, res, next) => {
    if (!api.owns(req.url!.split('?')[0]!)) {
      next()
      return
    }
    const handle = (request: Request): Promise<Response> => {
      platformRequests.set(request, req)
      return api.handle(request)
    }
    void toNodeHandler({ handle }, { origin: originOf, body: readAlready })(req, res)
  }
  const mount = (): void => {
    const adapter = host.httpAdapter
    const init = adapter?.init?.bind(adapter)
    // Nothing listens in a context without HTTP.
    if (init === undefined) return
    let isMounted = false
    // The one moment between the two: `app.init()` calls it first of all, and the parsers come right after it.
    adapter.init = async () => {
      await init()
      if (isMounted) return
      isMounted = true
      adapter.use(answer)
      if (adapter.getType() === 'fastify') answerUndecodable(adapter.getHttpServer() as Server, answer)
    }
  }
  if (host.httpAdapter === undefined) host.init$.subscribe(mount)
  else mount()
}

/** Fastify refuses a path that cannot be decoded before it runs any hook or middleware, and in words of its own. */
function answerUndecodable(server: Server, answer: Answer): void {
  const listeners = server.listeners('request') as ((req: NodeRequest, res: ServerResponse) => void)[]
  server.removeAllListeners('request')
  server.on('request', (req: NodeRequest, res: ServerResponse) => {
    const goOn = (): void => {
      for (const listener of listeners) listener.call(server, req, res)
    }
    if (isDecodable(req.url!)) goOn()
    else answer(req, res, goOn)
  })
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path.split('?')[0]!)
    return true
  } catch {
    return false
  }
}

/** Fastify's middleware and Express alike put there what their proxy settings say. */
function originOf(req: IncomingMessage): string {
  const { protocol = 'http', headers } = req as NodeRequest
  return `${protocol}://${headers.host ?? 'localhost'}`
}

/** The body that a parser before us has taken from the wire, as it was, or as near as can be. */
function readAlready(req: IncomingMessage): string | undefined {
  const { body, readableDidRead } = req as NodeRequest
  if (!readableDidRead || body === undefined) return undefined
  return typeof body === 'string' ? body : JSON.stringify(body)
}
