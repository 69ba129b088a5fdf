import type { SessionRef } from '../contract/session-record.js'
import type { AppendedMessage } from '../contract/session-store.js'
import { expired } from '../domain/branches.js'
import type { TurnLease } from '../domain/session-body.js'
import type { LiveSession } from '../service/live-session.js'
import { isAlive } from '../service/living-turn.js'
import type { Service } from '../service/service.js'
import { tellStoreTime } from '../service/store-time.js'

/** As `isHistoryOver`, where histories end. */
export async function isOver(
  service: Service,
  { tenantId }: Pick<SessionRef, 'tenantId'>,
  newest: { readonly at: number },
  turn: TurnLease | undefined,
): Promise<boolean> {
  if ((await tellStoreTime(service, tenantId)) - newest.at <= service.ttl.historyMs) return false
  // The model is still at work on it, and its reply makes the history young again.
  return turn === undefined || !(await isAlive(service, tenantId, turn.id))
}

/** Drops a history that had expired by the time `first` was appended; both times are the store's own. */
export async function dropBefore(
  live: LiveSession,
  first: Pick<AppendedMessage, 'seq' | 'at'>,
  isQuestion: boolean,
): Promise<void> {
  const { store, ttl } = live.service
  const { messages } = await store.messages(live.ref, { before: first.seq, limit: 1, order: 'desc' })
  const previous = messages[0]
  if (previous === undefined || first.at - previous.at <= ttl.historyMs) return
  const { turn } = (await live.load()).body
  // What the question of a turn follows was over before the turn began.
  if (!isQuestion && turn !== undefined && (await isAlive(live.service, live.ref.tenantId, turn.id))) return
  await dropHistory(live, previous.seq)
}

/** Drops a history that is over now, so that nobody answers one of its messages, or goes back to it. */
export async function expireNow(live: LiveSession): Promise<void> {
  const { service } = live
  if (!Number.isFinite(service.ttl.historyMs) || !live.isStored) return
  const { body, messages } = await live.load(1)
  const newest = messages.at(-1)
  // A turn that goes on has begun in time.
  if (newest === undefined || body.turn !== undefined) return
  if (await isOver(service, live.ref, newest, undefined)) await dropHistory(live, newest.seq)
}

/** Drops a history up to a message, with what was made of it. */
async function dropHistory(live: LiveSession, throughSeq: number): Promise<void> {
  // First what leads to the messages: a process that dies now must not leave a history that is shown again.
  await live.update((before) => expired(before, throughSeq))
  await live.trim(throughSeq)
  live.service.emit('history.expired', live.record, { throughSeq }, 'system')
}
