import { SessionError } from '../errors.js'
import { processRegistry } from '../process-registry.js'
import type { LiveSession } from '../service/live-session.js'

const liveSessions = processRegistry<object, LiveSession>('live-session')

/** Lets other files find what a handle works on. */
export function keepLive(session: object, live: LiveSession): void {
  liveSessions.set(session, live)
}

/** The same handle. Its next read returns the session as the handle has just read or written it. */
export function justRead<Handle extends object>(session: Handle): Handle {
  liveSessionOf(session, 'session').reuseRead()
  return session
}

/** The same handle, whose contexts show what is remembered of the user. */
export function remembering<Handle extends object>(session: Handle, remembers = false): Handle {
  liveSessionOf(session, 'session').remembers = remembers
  return session
}

/** What a handle works on. @throws `invalid` for an object that this package did not make. */
export function liveSessionOf(session: object, path: string): LiveSession {
  const live = liveSessions.get(session)
  if (live !== undefined) return live
  throw new SessionError('invalid', `${path} is no session of this package`, { path })
}
