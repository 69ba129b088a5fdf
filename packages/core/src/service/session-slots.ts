import { isSessionError, isUnreadable, SessionError } from '../errors.js'
import { evictSessions } from './evict-sessions.js'
import type { Service } from './service.js'
import { sideRecordRef, updateSideRecord, userRecordRef } from './side-records.js'
import type { SessionQuery } from '../contract/session-store.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'

/** The sessions that count: the ids of live sessions, as far as the register knows. */
interface Register {
  readonly holders: readonly string[]
}

type WhenFull = 'reject' | 'evict' | 'exceed'

const pageSize = 200

/**
 * Admits a new session under `limits.maxSessions` and `limits.maxSessionsPerUser`.
 *
 * A register under compare-and-set lists the sessions that count, so creates at the same moment cannot all pass. A new
 * session that finds no room is removed again before any caller gets it.
 *
 * @throws `limit_reached`
 */
export async function takeSlots(service: Service, record: SessionRecord): Promise<void> {
  const { maxSessions, whenFull } = service.limits
  const { tenantId } = record
  try {
    await takeUserSlot(service, record, whenFull)
    if (Number.isFinite(maxSessions)) {
      const query = { tenantId, limit: pageSize }
      await claim(service, record, sideRecordRef('slots', tenantId, 'tenant'), maxSessions, whenFull, query)
    }
  } catch (error) {
    const { incarnation, changes } = record
    // For an outage nobody loses what others have written into the session by now.
    const isFull = isSessionError(error, 'limit_reached')
    await service.store.remove(record, isFull ? { incarnation } : { incarnation, changes })
    throw error
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
  max: number,
  whenFull: WhenFull,
  query: SessionQuery,
): Promise<void> {
  const admit = async (before: Register | undefined): Promise<Register | undefined> => {
    let holders = before?.holders ?? []
    if (holders.includes(record.id)) return undefined
    let live: readonly SessionRecord[] = []
    if (holders.length >= max) {
      live = await stillLive(service, holders, query)
      holders = live.map(({ id }) => id)
    }
    if (holders.length >= max) {
      if (whenFull === 'reject') {
        throw new SessionError('limit_reached', `There are already ${max} live sessions.`, {
          path: 'sessions',
        })
      }
      // `stillLive` returns the most active sessions first.
      if (whenFull === 'evict') {
        holders = (await evictSessions(service, live, live.length - max + 1)).map(({ id }) => id)
      }
    }
    return { holders: [...holders, record.id] }
  }
  // No session lives longer than this, so a register without writes for this long lists no live session.
  await updateSideRecord(service, register, admit, {
    idleMs: service.ttl.absoluteMs,
    isRepeatable: true,
    ...(query.userId === undefined ? {} : { userId: query.userId }),
  })
}

/** Takes sessions out of the register of their tenant, so that it does not name them any more. */
export async function releaseSlots(
  service: Service,
  tenantId: string,
  ids: readonly string[],
): Promise<void> {
  await updateSideRecord<Register>(
    service,
    sideRecordRef('slots', tenantId, 'tenant'),
    (before) => {
      const holders = before?.holders.filter((id) => !ids.includes(id))
      return holders === undefined || holders.length === before?.holders.length ? undefined : { holders }
    },
    // All creates of the tenant write this record, and an erasure may lose to them for long.
    { idleMs: service.ttl.absoluteMs, isRepeatable: true, isPatient: true },
  )
}

/** The holders that are live, the most active first. */
async function stillLive(
  service: Service,
  holders: readonly string[],
  query: SessionQuery,
): Promise<SessionRecord[]> {
  const waiting = new Set(holders)
  const live: SessionRecord[] = []
  let cursor: string | undefined
  do {
    const page = await service.store.list(cursor === undefined ? query : { ...query, cursor })
    for (const item of page.items) if (waiting.delete(item.id)) live.push(item)
    cursor = page.cursor
  } while (cursor !== undefined && waiting.size > 0)
  for (const id of waiting) {
    // The index of the store may be behind; a read of the session is not.
    const record = await readRecord(service, { tenantId: query.tenantId, id })
    if (record !== undefined) live.push(record)
  }
  return live
}

/** The record of a session; undefined for one that is gone, or that nobody can read: it takes nobody's place. */
async function readRecord({ store }: Service, ref: SessionRef): Promise<SessionRecord | undefined> {
  try {
    return (await store.read(ref))?.record
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}
