import type { NextRequest } from 'next/server.js'
import { answerInScope } from './answer-in-scope.js'
import type { NextSessions } from './next-sessions.js'

/**
 * A route handler that finds its sessions itself, with `chat.for()` or a service of your own: a `SessionError` is answered
 * as `application/problem+json`, such as 404 for a session of another caller and 409 for a change that met another one;
 * an unsafe request that may come from a page of another site is answered with 403.
 *
 * @example
 * ```ts
 * import { nextSessions, withProblems } from '@sessions/next'
 * declare const chat: ReturnType<typeof nextSessions>
 *
 * // In app/chats/route.ts:
 * export const GET = withProblems(chat, async () => Response.json(await (await chat.for()).list()))
 * ```
 */
export function withProblems<Context = unknown>(
  sessions: NextSessions,
  handler: (request: NextRequest, context: Context) => Response | Promise<Response>,
): (request: NextRequest, context: Context) => Promise<Response> {
  return (request, context) => answerInScope(sessions, request, async () => handler(request, context))
}
