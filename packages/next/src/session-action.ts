import { isSessionError, type Session } from '@sessions/core'
import { checkCaller } from './check-page.js'
import type { NextSessions } from './next-sessions.js'
import { enterScope } from './scope.js'
import { withStatus } from './with-status.js'

/**
 * A server action with the session of who calls it, in a file that says `'use server'`:
 * `export const add = sessionAction(chat, async (session, sku: string) => …)`. A caller without a session gets a
 * draft, which is stored, and handed to them, with its first write. What follows the session is what the caller sent:
 * check it.
 *
 * A request that may come from a page of another site is refused, whatever Next thinks of it. What is thrown out of
 * it with a status of 401, 403 or 404 is answered with that, and Next shows the page it has for it.
 *
 * @throws `forbidden` for a page of another site.
 */
export function sessionAction<Given extends readonly unknown[], Result>(
  sessions: NextSessions,
  action: (session: Session, ...given: Given) => Result | Promise<Result>,
): (...given: Given) => Promise<Result> {
  return async (...given) => {
    try {
      await checkCaller(sessions)
      const scope = await enterScope(sessions)
      try {
        return await action(await scope.request.get(), ...given)
      } finally {
        await scope.leave()
      }
    } catch (error) {
      throw isSessionError(error) ? withStatus(error) : error
    }
  }
}
