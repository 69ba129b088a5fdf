import { type Session, SessionError } from '@sessions/core'
import { checkOptions, type OptionNames } from '@sessions/core/node'
import type { NextRequest } from 'next/server.js'
import { answerInScope } from './answer-in-scope.js'
import type { NextSessions } from './next-sessions.js'

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
  return (request, context) =>
    answerInScope(sessions, request, async (scope) => {
      const session =
        param === undefined
          ? await scope.request.get()
          : await scope.request.getById(await idIn(context, param))
      return handler(request, session, context)
    })
}

/** @throws `invalid` for a route without this parameter. */
async function idIn(context: unknown, param: string): Promise<string> {
  const { params } = context as { params?: Promise<Readonly<Record<string, unknown>>> }
  const id = (await params)?.[param]
  if (typeof id === 'string') return id
  throw new SessionError('invalid', `The route has no parameter [${param}].`, { path: param })
}
