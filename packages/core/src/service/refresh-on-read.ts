import type { LiveSession } from './live-session.js'
import { tellStoreTime } from './store-time.js'

/** Counts that a session is opened as activity, where `ttl.refreshOnRead` says so. */
export async function refreshOnRead(live: LiveSession): Promise<void> {
  const { service, record, lifetime } = live
  if (!service.ttl.refreshOnRead) return
  // Several times in the life of a session, however short it is.
  const dueAt = record.updatedAt + Math.min(60_000, lifetime.idleMs / 4)
  if ((await tellStoreTime(service, record.tenantId)) > dueAt) await live.touch()
}
