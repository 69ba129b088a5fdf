import { SessionError } from '@sessions/core'
import { headers } from 'next/headers.js'
import type { NextRequest } from 'next/server.js'
import { checkPage } from './check-page.js'
import type { NextSessions } from './next-sessions.js'
import { problemResponse } from './problem-response.js'
import { checkNotStatic } from './request-parts.js'
import { enterScope, type Scope } from './scope.js'

/**
 * The answer of a route handler. An error of sessions is answered as its problem, and an unsafe request that may come from
 * a page of another site with 403.
 */
export async function answerInScope(
  sessions: NextSessions,
  request: NextRequest,
  handle: (scope: Scope) => Promise<Response>,
): Promise<Response> {
  // The answer depends on the caller. This call also tells a build that there is nothing to prerender.
  await headers()
  // Not answered as a problem, which Next might keep: a build is to fail.
  checkNotStatic()
  try {
    checkPage(sessions, request)
    const scope = await enterScope(sessions)
    try {
      return withHeaders(await answer(() => handle(scope)), scope.headers)
    } finally {
      await scope.leave()
    }
  } catch (error) {
    return problemOf(error)
  }
}

/**
 * The response, also for an error: a session that was stored before the error belongs to the caller, and needs its
 * headers. Next itself drops cookies when it answers `notFound()`, `forbidden()` and `unauthorized()`.
 */
async function answer(handle: () => Promise<Response>): Promise<Response> {
  try {
    return await handle()
  } catch (error) {
    const status = fallbackStatus(error)
    return status === undefined ? problemOf(error) : new Response(null, { status })
  }
}

/** The status of one of Next's own errors; undefined for all others, those of sessions included. */
function fallbackStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || error instanceof SessionError || !('digest' in error)) return undefined
  const status = /^NEXT_HTTP_ERROR_FALLBACK;(40[134])$/.exec(String(error.digest))?.[1]
  return status === undefined ? undefined : Number(status)
}

function problemOf(error: unknown): Response {
  const problem = problemResponse(error)
  if (problem === undefined) throw error
  return problem
}

/** A copy, because the headers of a redirect are immutable. Headers of the handler stay. */
function withHeaders(response: Response, added: Headers): Response {
  // Next says better than a copy what is wrong with a handler that gives no response.
  if (!(response instanceof Response) || response.type === 'error') return response
  const all = new Headers(response.headers)
  for (const [name, value] of added) {
    if (name === 'vary') all.append(name, value)
    else if (!all.has(name)) all.set(name, value)
  }
  const { status, statusText } = response
  return new Response(response.body, { status, statusText, headers: all })
}
