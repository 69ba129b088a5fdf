import type { Identity, Sessions } from '@sessions/core'
import type { SessionApi } from '@sessions/core/http'
import {
  addVary,
  checkOrigin,
  createTransport,
  isOfAnotherSite,
  problemHeaders,
  RequestSession,
  sessionIdHeader,
  toNodeHandler,
  toProblem,
} from '@sessions/core/node'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Mounts the API at the prefix of the plugin: `app.register(sessionRoutes(api), { prefix: '/api' })`. */
export function sessionRoutes(api: SessionApi) {
  return async (app: FastifyInstance): Promise<void> => {
    // The API reads its bodies itself, with limits of its own.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _body, done) => done(null))
    app.all('/*', (request, reply) => {
      reply.hijack()
      // What plugins have set, such as headers of safety.
      for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value!)
      const handle = toNodeHandler(api, {
        origin: () => `${request.protocol}://${request.host}`,
        mountPath: () => app.prefix,
      })
      return handle(request.raw, reply.raw)
    })
  }
}

export interface CallerOptions {
  sessions: Sessions
  /** From what your application has verified. */
  identify: (request: FastifyRequest) => Identity | Promise<Identity>
  /** Other origins whose pages may send unsafe requests. */
  trustedOrigins?: readonly string[]
}

/** The session of a request of this application: `await callerOf(request).get()`. */
export function useCallers(
  app: FastifyInstance,
  { sessions, identify, trustedOrigins = [] }: CallerOptions,
): (request: FastifyRequest) => RequestSession {
  const transport = createTransport({}, sessions.ttl.absoluteMs)
  const callers = new WeakMap<FastifyRequest, RequestSession>()

  app.addHook('onRequest', async (request, reply) => {
    const page = { method: request.method, headers: { get: (name: string) => textOf(request, name) ?? null } }
    const here = { host: request.host }
    // No page of another site acts for its visitor.
    checkOrigin(page, here, { trustedOrigins, hasHeaderMode: false })
    const caller = new RequestSession({
      sessions,
      transport,
      fields: {
        cookie: request.headers.cookie,
        sessionId: textOf(request, sessionIdHeader),
        isSecure: request.protocol === 'https',
        isOfAnotherSite: isOfAnotherSite(page, here, { trustedOrigins }),
        fetchSite: textOf(request, 'sec-fetch-site'),
      },
      headers: {
        canWrite: () => !reply.sent && !reply.raw.headersSent,
        // Fastify itself keeps all values of `Set-Cookie`.
        append: (name, value) =>
          void reply.header(name, name === 'Vary' ? addVary(reply.getHeader(name), value) : value),
        setDefault: (name, value) => {
          if (!reply.hasHeader(name)) reply.header(name, value)
        },
      },
      identify: () => identify(request),
      warn: ({ message }) => request.log.warn(message),
    })
    callers.set(request, caller)
  })
  // A write that a handler has not awaited gets its cookie into this response, too.
  app.addHook('onSend', async (request) => callers.get(request)?.settled())
  return (request) => callers.get(request)!
}

/** For `app.setErrorHandler`: each error of sessions has its status, and says nothing of what is inside the server. */
export function answerErrors(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(error)
  // An error of your own goes the way of Fastify.
  if (problem.code === 'internal') throw error
  if (problem.status >= 500) request.log.error(error)
  void reply.code(problem.status).headers(problemHeaders(problem)).send(JSON.stringify(problem))
}

function textOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name.toLowerCase()]
  return Array.isArray(value) ? value.join(', ') : value
}
