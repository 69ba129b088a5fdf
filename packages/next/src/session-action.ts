import { isSessionError, type Session } from '@sessions/core'
import { checkCaller } from './check-page.js'
import type { NextSessions } from './next-sessions.js'
import { enterScope } from './scope.js'
import { withStatus } from './with-status.js'

/**
 * A server action with the session of its caller, in a file with `'use server'`:
 * `export const add = sessionAction(chat, async (session, sku: string) => …)`. A caller without a session gets a draft;
 * the first write stores the draft and sets its cookie. The arguments after the session come from the client: check
 * them.
 *
 * It refuses a request that may come from a page of another site, also when Next would allow it. When the action
 * throws an error with status 401, 403 or 404, Next answers with that status and shows its page for it.
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
