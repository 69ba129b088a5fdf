import type { CallerSessions } from '../caller-sessions.js'
import type { Identity } from '../domain/identity.js'
import { isSessionError } from '../errors.js'
import { giveToUser } from '../session/new-credential.js'
import { liveSessionOf } from '../session/live-of.js'

const pageSize = 100

/**
 * Gives a user all sessions of a guest. It looks again until there is none, because other requests of the guest may still
 * be under way. A session that cannot be read stays where it is.
 *
 * @returns Their ids, the most active first.
 */
export async function giveSessions(theirs: CallerSessions, to: Identity): Promise<readonly string[]> {
  const given: string[] = []
  for (;;) {
    const before = given.length
    let cursor: string | undefined
    do {
      const page = await theirs.list({ limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
      for (const { id } of page.items) if (await give(theirs, id, to)) given.push(id)
      cursor = page.cursor
    } while (cursor !== undefined)
    if (given.length === before) return given
  }
}

async function give(theirs: CallerSessions, id: string, to: Identity): Promise<boolean> {
  try {
    const session = await theirs.find(id)
    if (session === undefined) return false
    await giveToUser(liveSessionOf(session, 'session'), to, theirs.identity.userId)
    return true
  } catch (error) {
    const isLeft = ['not_found', 'corrupt', 'unknown_key'].some((code) =>
      isSessionError(error, code as never),
    )
    if (!isLeft) throw error
    return false
  }
}
