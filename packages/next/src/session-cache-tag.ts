import type { ReadonlySession } from './readonly-session.js'

/**
 * A tag for what is cached for one session: `cacheTag(tag)` inside of a function that is cached and given the tag, and
 * `updateTag(tag)` where the session changes. Next keeps tags and arguments as they are, in plain text; this one is
 * made with the secrets of the service and names neither session nor user. Without secrets of its own, a service makes
 * another one after a restart.
 */
export async function sessionCacheTag(session: Pick<ReadonlySession, 'pseudonym'>): Promise<string> {
  return `session:${await session.pseudonym('cache-tag')}`
}
