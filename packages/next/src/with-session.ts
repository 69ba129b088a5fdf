import { type Session, SessionError } from '@sessions/core'
import { checkOptions, type OptionNames } from '@sessions/core/node'
import { headers } from 'next/headers.js'
import type { NextRequest } from 'next/server.js'
import { checkPage } from './check-page.js'
import type { NextSessions } from './next-sessions.js'
import { problemResponse } from './problem-response.js'
import { enterScope } from './scope.js'

/** Which session a route handler gets. */
export interface WithSessionOptions {
  /**
   * The route parameter with a public id, `id` for `[id]`: gives that session, if the caller may touch it (default: none,
   * so the session is that of the caller's credential).
   */
  param?: string
}

const optionNames: OptionNames<WithSessionOptions> = { param: 'text' }

/**
 * A route handler with the session of its caller:
 * `export const POST = withSession(chat, async (request, session) => …)`. A caller without a session gets a draft; the
 * first write stores the draft and sets its credential. That write has to come before the handler returns its response:
 * later, such as in a stream, the first write of a draft rejects with `headers_sent` and stores nothing. A stored
 * session can be written to at any time.
 *
 * A `SessionError` is answered as `application/problem+json`, and an unsafe request that may come from a page of
 * another site with 403. With `param`, an id that is unknown, expired, deleted or another caller's is answered with 404.
 *
 * @throws `invalid` at start, for an unknown option.
 */
export function withSession<Context = unknown>(
  sessions: NextSessions,
  handler: (request: NextRequest, session: Session, context: Context) => Response | Promise<Response>,
  options: WithSessionOptions = {},
): (request: NextRequest, context: Context) => Promise<Response> {
  checkOptions(options, optionNames)
  const { param } = options
  return async (request, context) => {
    // The answer depends on the caller. This call also tells a build that there is nothing to prerender.
    await headers()
    try {
      checkPage(sessions, request)
      const scope = await enterScope(sessions)
      try {
        const response = await answer(
          async () =>
            param === undefined ? scope.request.get() : scope.request.getById(await idIn(context, param)),
          (session) => handler(request, session, context),
        )
        return withHeaders(response, scope.headers)
      } finally {
        await scope.leave()
      }
    } catch (error) {
      return problemOf(error)
    }
  }
}

/** @throws `invalid` for a route without this parameter. */
async function idIn(context: unknown, param: string): Promise<string> {
  const { params } = context as { params?: Promise<Readonly<Record<string, unknown>>> }
  const id = (await params)?.[param]
  if (typeof id === 'string') return id
  throw new SessionError('invalid', `The route has no parameter [${param}].`, { path: param })
}

/**
 * The response, also for an error: a session that was stored before the error belongs to the caller, and needs its
 * headers.
 */
async function answer(
  find: () => Promise<Session>,
  handle: (session: Session) => Response | Promise<Response>,
): Promise<Response> {
  try {
    return await handle(await find())
  } catch (error) {
    return problemOf(error)
  }
}

function problemOf(error: unknown): Response {
  const problem = problemResponse(error)
  if (problem === undefined) throw error
  return problem
}

/** A copy, because the headers of a redirect are immutable. Headers of the handler stay. */
function withHeaders(response: Response, added: Headers): Response {
  const all = new Headers(response.headers)
  for (const [name, value] of added) {
    if (name === 'vary') all.append(name, value)
    else if (!all.has(name)) all.set(name, value)
  }
  const { status, statusText } = response
  return new Response(response.body, { status, statusText, headers: all })
}
