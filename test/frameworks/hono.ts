import type { Identity, Sessions } from '@sessions/core'
import {
  addVary,
  checkOrigin,
  createTransport,
  isOfAnotherSite,
  RequestSession,
  sessionIdHeader,
  toLogLine,
  toProblem,
  toProblemResponse,
} from '@sessions/core/node'
import type { ErrorHandler, MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'

export interface CallerOptions {
  sessions: Sessions
  /** From what your application has verified. */
  identify: (request: Request) => Identity | Promise<Identity>
  /** The address that the client used. Behind a proxy: what a proxy that you trust says of it. */
  addressOf?: (request: Request) => URL
  /** Other origins whose pages may send unsafe requests. */
  trustedOrigins?: readonly string[]
}

/** The handlers after it find the session of their caller: `await c.get('caller').get()`. */
export function withCaller({
  sessions,
  identify,
  addressOf = (request) => new URL(request.url),
  trustedOrigins = [],
}: CallerOptions): MiddlewareHandler<{ Variables: { caller: RequestSession } }> {
  const transport = createTransport({}, sessions.ttl.absoluteMs)
  return async (c, next) => {
    const request = c.req.raw
    const { headers } = request
    const url = addressOf(request)
    // No page of another site acts for its visitor.
    checkOrigin(request, url, { trustedOrigins, hasHeaderMode: false })
    const added: [name: string, value: string][] = []
    let hasAnswered = false
    const caller = new RequestSession({
      sessions,
      transport,
      fields: {
        cookie: headers.get('cookie') ?? undefined,
        sessionId: headers.get(sessionIdHeader) ?? undefined,
        isSecure: url.protocol === 'https:',
        isOfAnotherSite: isOfAnotherSite(request, url, { trustedOrigins }),
        fetchSite: headers.get('sec-fetch-site') ?? undefined,
      },
      // Collected here, because a handler makes its response at its end.
      headers: {
        canWrite: () => !hasAnswered,
        append: (name, value) => void added.push([name, value]),
        setDefault: (name, value) => void added.push([name, value]),
      },
      identify: () => identify(request),
      warn: ({ message }) => console.warn(message),
    })
    c.set('caller', caller)
    await next()
    // A write that a handler has not awaited gets its cookie into this response, too.
    await caller.settled()
    hasAnswered = true
    for (const [name, value] of added) {
      if (name === 'Set-Cookie') c.header(name, value, { append: true })
      else if (name === 'Vary') c.header(name, addVary(c.res.headers.get(name) ?? undefined, value))
      else if (!c.res.headers.has(name)) c.header(name, value)
    }
  }
}

/** For `app.onError`: each error of sessions has its status, and says nothing of what is inside the server. */
export const answerErrors: ErrorHandler = (error) => {
  if (error instanceof HTTPException) return error.getResponse()
  const problem = toProblem(error)
  if (problem.status >= 500) console.error(toLogLine(error))
  return toProblemResponse(problem)
}
