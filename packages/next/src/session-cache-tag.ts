import type { ReadonlySession } from './readonly-session.js'

/**
 * A cache tag for results of one session: call `cacheTag(tag)` in a cached function that gets the tag, and
 * `updateTag(tag)` when the session changes. Next keeps tags and arguments in plain text; this tag is made with the
 * secrets of the service and names neither session nor user. Without `credentialSecrets`, the tag changes with a
 * restart.
 */
export async function sessionCacheTag(session: Pick<ReadonlySession, 'pseudonym'>): Promise<string> {
  return `session:${await session.pseudonym('cache-tag')}`
}
