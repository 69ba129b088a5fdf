import type { SessionRef } from '../contract/session-record.js'
import type { AppendedMessage } from '../contract/session-store.js'
import type { TurnLease } from '../domain/session-body.js'
import type { LiveSession } from '../service/live-session.js'
import type { Service } from '../service/service.js'
import { dropBefore, isOver } from './over-histories.js'

/** Whether a history is over whose newest message this is, by the store's clock. None is while a turn runs. */
export async function isHistoryOver(
  service: Service,
  ref: Pick<SessionRef, 'tenantId'>,
  newest: { readonly at: number } | undefined,
  turn: TurnLease | undefined,
): Promise<boolean> {
  if (newest === undefined || !Number.isFinite(service.ttl.historyMs)) return false
  return isOver(service, ref, newest, turn)
}

/** Drops a history that had expired by the time `first` was appended; both times are the store's own. */
export async function expireBefore(
  live: LiveSession,
  first: Pick<AppendedMessage, 'seq' | 'at'>,
  isQuestion = false,
): Promise<void> {
  if (!Number.isFinite(live.service.ttl.historyMs) || first.seq === 1) return
  await dropBefore(live, first, isQuestion)
}
