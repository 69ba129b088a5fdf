import { isSessionError, type Session, SessionError } from '@sessions/core'
import { getSession } from '@sessions/express'
import type { Request } from 'express'

/**
 * The session of this public id, if the caller may touch it.
 *
 * @throws `not_found` for everything else, an id that could not even be one among it: a caller cannot tell which.
 */
export async function sessionOf(req: Request, id: string): Promise<Session> {
  try {
    return await getSession(req, id)
  } catch (error) {
    if (isSessionError(error, 'invalid') && error.path === 'id') {
      throw new SessionError('not_found', 'There is no such session.')
    }
    throw error
  }
}
