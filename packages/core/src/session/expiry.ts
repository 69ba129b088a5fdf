import type { LiveSession } from '../service/live-session.js'
import type { AppendedMessage } from '../contract/session-store.js'

/** Drops a history that had expired by the time `first` was appended; both times are the store's own. */
export async function expireBefore(
  live: LiveSession,
  first: Pick<AppendedMessage, 'seq' | 'at'>,
): Promise<void> {
  const { store, emit, ttl } = live.service
  if (!Number.isFinite(ttl.historyMs) || first.seq === 1) return
  const { messages } = await store.messages(live.ref, { before: first.seq, limit: 1, order: 'desc' })
  const previous = messages[0]
  if (previous === undefined || first.at - previous.at <= ttl.historyMs) return
  await live.trim(previous.seq)
  emit('history.expired', live.record, { throughSeq: previous.seq }, 'system')
}
