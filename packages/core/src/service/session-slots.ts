import { isSessionError, SessionError } from '../errors.js'
import { evictSessions } from './evict-sessions.js'
import type { Service } from './service.js'
import { sideRecordRef, userRecordRef } from './side-records.js'
import { claimSlot, type WhenFull } from './slot-register.js'
import type { SessionQuery } from '../contract/session-store.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'

const pageSize = 200
// Of a limit above 1,000 some of the least active go at once: to find them takes a look at all.
const largeLimit = 1000
const mostAtOnce = 500

/**
 * Admits a new session under `limits.maxSessions` and `limits.maxSessionsPerUser`.
 *
 * A register lists the sessions that count, so creates at the same moment cannot all pass. A new session that finds no
 * room is removed again before any caller gets it.
 *
 * @throws `limit_reached`
 */
export async function takeSlots(service: Service, record: SessionRecord): Promise<void> {
  const { maxSessions, whenFull } = service.limits
  const { tenantId } = record
  try {
    await takeUserSlot(service, record, whenFull)
    if (Number.isFinite(maxSessions)) {
      const register = sideRecordRef('slots', tenantId, 'tenant')
      await claim(service, record, register, maxSessions, whenFull, { tenantId, limit: pageSize })
    }
  } catch (error) {
    const { incarnation, changes } = record
    // For an outage nobody loses what others have written into the session by now.
    const isFull = isSessionError(error, 'limit_reached')
    const guard = isFull ? { incarnation } : { incarnation, changes }
    const isGone = await service.store.remove(record, guard).then(
      (removed) => removed || isFull,
      () => false,
    )
    if (isGone) throw error
    // It stays, and nobody may take it for one that was never made.
    throw new SessionError('unknown_outcome', 'The session was stored, and could not be counted.', {
      cause: error,
    })
  }
}

/**
 * Counts a session that was given to its user. Who signs in keeps the conversation, so it is never refused: with `evict`
 * it takes the place of the least active one, and without, the user makes a new one only once there is room.
 */
export async function countGiven(service: Service, record: SessionRecord): Promise<void> {
  const { whenFull } = service.limits
  // The session is given already, and its credential replaced: an outage must not keep the new one from its holder.
  await takeUserSlot(service, record, whenFull === 'evict' ? whenFull : 'exceed').catch(() => undefined)
}

async function takeUserSlot(service: Service, record: SessionRecord, whenFull: WhenFull): Promise<void> {
  const { maxSessionsPerUser } = service.limits
  const { tenantId, userId } = record
  if (userId === undefined || !Number.isFinite(maxSessionsPerUser)) return
  const register = await userRecordRef(service, 'slots', { tenantId, userId }, (digest) => `user:${digest}`)
  await claim(service, record, register, maxSessionsPerUser, whenFull, { tenantId, userId, limit: pageSize })
}

async function claim(
  service: Service,
  record: SessionRecord,
  register: SessionRef,
  limit: number,
  whenFull: WhenFull,
  query: SessionQuery,
): Promise<void> {
  const max = Math.floor(limit)
  const hasSlot = await claimSlot(service, register, {
    holder: record.incarnation,
    max,
    whenFull,
    // No session lives longer than this, so a register without writes for this long lists no live session.
    idleMs: service.ttl.absoluteMs,
    ...(query.userId === undefined ? {} : { userId: query.userId }),
    async kept(holders, wanted) {
      const live = await stillLive(service, holders, query)
      const tooMany = live.length + wanted - max
      // `stillLive` returns the most active sessions first.
      const most = max > largeLimit ? Math.min(Math.floor(max / 100), mostAtOnce) : 0
      const evicts = whenFull === 'evict' && tooMany > 0
      const left = evicts ? await evictSessions(service, live, tooMany, most) : live
      return left.map(({ incarnation }) => incarnation)
    },
  })
  if (!hasSlot)
    throw new SessionError('limit_reached', `There are already ${max} live sessions.`, { path: 'sessions' })
}

/** The sessions of these incarnations that are live, the most active first. */
async function stillLive(
  service: Service,
  holders: ReadonlySet<string>,
  query: SessionQuery,
): Promise<SessionRecord[]> {
  const waiting = new Set(holders)
  const live: SessionRecord[] = []
  // A session that is written to while the list is read moves to the front, past the reader: the front is read again,
  // down to where it was, until nothing more turns up.
  let front = 0
  for (let found = -1; found < live.length && waiting.size > 0;) {
    found = live.length
    let newest = 0
    let cursor: string | undefined
    do {
      const page = await service.store.list(cursor === undefined ? query : { ...query, cursor })
      for (const item of page.items) if (waiting.delete(item.incarnation)) live.push(item)
      newest ||= page.items[0]?.activeAt ?? 0
      cursor = (page.items.at(-1)?.activeAt ?? 0) < front ? undefined : page.cursor
    } while (cursor !== undefined && waiting.size > 0)
    front = newest
  }
  return live.toSorted((one, other) => other.activeAt - one.activeAt)
}
