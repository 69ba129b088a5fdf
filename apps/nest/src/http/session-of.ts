import { type Session, SessionError, type Sessions } from '@sessions/core'
import type { RequestSession } from '@sessions/nest'

/** How a caller of a gateway's own route may name its session. */
export interface NamedSession {
  /** In the body: a credential, or for a signed-in caller the public id. */
  readonly sessionId: string | undefined
  /** `X-Session-Id`. */
  readonly inHeader: string | undefined
}

/** The session that a caller names; a new one when it names none. @throws `not_found` */
export async function sessionOf(
  sessions: Sessions,
  request: RequestSession,
  { sessionId, inHeader }: NamedSession,
): Promise<Session> {
  if (sessionId === undefined) {
    // A named session that does not exist must not silently become a new, empty one.
    if (inHeader !== undefined && (await request.find()) === undefined) {
      throw new SessionError('not_found', 'There is no such session.', { path: 'X-Session-Id' })
    }
    return request.get()
  }
  const mine = sessions.for(await request.identity())
  return (await mine.findByCredential(sessionId)) ?? request.getById(sessionId)
}
