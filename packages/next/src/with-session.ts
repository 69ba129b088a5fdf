import type { Session } from '@sessions/core'
import { headers } from 'next/headers.js'
import type { NextRequest } from 'next/server.js'
import { checkPage } from './check-page.js'
import type { NextSessions } from './next-sessions.js'
import { problemResponse } from './problem-response.js'
import { enterScope } from './scope.js'

/**
 * A route handler with the session of who calls it:
 * `export const POST = withSession(chat, async (request, session) => …)`. A caller without a session gets a draft,
 * which is stored, and handed to them, with its first write. That has to come before the handler returns its
 * response: after it, while a stream runs for one, a draft's first write rejects with `headers_sent` and stores
 * nothing; a session that is stored can be written to as before.
 *
 * Errors of sessions are answered as `application/problem+json`, and unsafe requests that may come from a page of
 * another site with 403.
 */
export function withSession<Context = unknown>(
  sessions: NextSessions,
  handler: (request: NextRequest, session: Session, context: Context) => Response | Promise<Response>,
): (request: NextRequest, context: Context) => Promise<Response> {
  return async (request, context) => {
    // What is answered depends on who asks. It is also how a build learns that there is nothing to prerender.
    await headers()
    try {
      checkPage(sessions, request)
      const scope = await enterScope(sessions)
      try {
        const response = await answer(
          () => scope.request.get(),
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

/** The response, for an error too: what was stored before it belongs to the caller, and the headers tell them. */
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

/** A copy, for the headers of a redirect are locked. What the handler has set stays. */
function withHeaders(response: Response, added: Headers): Response {
  const all = new Headers(response.headers)
  for (const [name, value] of added) {
    if (name === 'vary') all.append(name, value)
    else if (!all.has(name)) all.set(name, value)
  }
  const { status, statusText } = response
  return new Response(response.body, { status, statusText, headers: all })
}
