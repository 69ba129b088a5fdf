import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Type } from '@nestjs/common'
import type { HttpAdapterHost } from '@nestjs/core'
import type { MountedApi } from './mounted-api.js'
import { routeController, type SessionsController } from './sessions.controller.js'

type Adapter = HttpAdapterHost['httpAdapter']
type Handler = (req: IncomingMessage, res: ServerResponse, next: () => void) => void
type Asked = { readonly raw: IncomingMessage }

/** The part of Fastify that is used here. */
interface Fastify {
  addHook(
    name: 'preParsing',
    hook: (asked: Asked, reply: unknown, body: unknown, done: (error: null, body: unknown) => void) => void,
  ): unknown
  addHook(name: 'preValidation', hook: (asked: Asked, reply: unknown, done: () => void) => void): unknown
}

/** The headers by which Fastify decides whether to parse a body. */
const bodyHeaders = ['content-type', 'content-length', 'transfer-encoding'] as const

/**
 * Adds the routes to the controller, and keeps the application's parsers from the bodies of the API: the API has
 * limits and errors of its own. A path that cannot be decoded is answered like an unknown path.
 */
export function mountApi(
  host: HttpAdapterHost,
  controller: Type<SessionsController>,
  mounted: MountedApi,
): void {
  const mount = (): void => {
    const adapter = host.httpAdapter as Adapter | null | undefined
    // A context without HTTP has no server.
    if (!adapter) return
    const rest = adapter.getType() === 'fastify' ? '*' : '*path'
    routeController(
      controller,
      mounted.prefix,
      mounted.roots.flatMap((root) => [root, `${root}/${rest}`]),
    )
    if (adapter.getType() === 'fastify') spareOnFastify(adapter, mounted)
    else spareOnExpress(adapter, mounted)
    answerUndecodable(adapter, mounted)
  }
  // Its type does not say that there may be none: undefined before it is known, and null in a context that never has
  // one.
  if (!(host.httpAdapter as Adapter | null | undefined)) host.init$.subscribe(mount)
  else mount()
}

/** Express' parsers are middleware, registered by one call. */
function spareOnExpress(adapter: Adapter, mounted: MountedApi): void {
  const register = adapter.registerParserMiddleware.bind(adapter)
  adapter.registerParserMiddleware = (...settings: []) => {
    const use = adapter.use.bind(adapter)
    adapter.use = (parse: Handler) => {
      const pass: Handler = (req, res, next) => (mounted.owns(req.url!) ? next() : parse(req, res, next))
      use(pass)
    }
    register(...settings)
    adapter.use = use
  }
}

/** Fastify's parsers look at headers, and can be skipped in no other way. */
function spareOnFastify(adapter: Adapter, mounted: MountedApi): void {
  const instance = adapter.getInstance<Fastify>()
  const kept = new WeakMap<IncomingMessage, Partial<IncomingMessage['headers']>>()
  instance.addHook('preParsing', ({ raw }, _, body, done) => {
    if (mounted.owns(raw.url!)) {
      kept.set(raw, { ...raw.headers })
      for (const name of bodyHeaders) delete raw.headers[name]
    }
    done(null, body)
  })
  instance.addHook('preValidation', ({ raw }, _, done) => {
    Object.assign(raw.headers, kept.get(raw))
    done()
  })
}

/**
 * Both platforms refuse a path that cannot be decoded before any guard runs, each with its own message. No part of it is
 * looked at: under a prefix with a parameter, the rest may be the path of a route. At this time the application has said
 * what stands before the path of the API.
 */
function answerUndecodable(adapter: Adapter, mounted: MountedApi): void {
  const init = adapter.init.bind(adapter)
  let isMounted = false
  adapter.init = async () => {
    mounted.checkPlace()
    await init()
    if (isMounted) return
    isMounted = true
    const server: Server = adapter.getHttpServer()
    const listeners = server.listeners('request') as ((req: IncomingMessage, res: ServerResponse) => void)[]
    server.removeAllListeners('request')
    server.on('request', (req: IncomingMessage, res: ServerResponse) => {
      if (!isDecodable(req.url!) && mounted.owns(req.url!)) void mounted.answerUnknown(req, res)
      else for (const listener of listeners) listener.call(server, req, res)
    })
  }
}

function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url.split('?')[0]!)
    return true
  } catch {
    return false
  }
}
