import { SessionError } from '../errors.js'
import type { Service } from './service.js'
import { sideRecordRef, updateSideRecord } from './side-records.js'
import type { SessionQuery } from '../contract/session-store.js'
import type { SessionRecord } from '../contract/session-record.js'

/** The sessions that count: the ids of live sessions, as far as the register knows. */
interface Register {
  readonly holders: readonly string[]
}

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
  const { maxSessions, maxSessionsPerUser } = service.limits
  const { tenantId, userId } = record
  try {
    if (userId !== undefined && Number.isFinite(maxSessionsPerUser)) {
      await claim(service, record, `user:${userId}`, maxSessionsPerUser, {
        tenantId,
        userId,
        limit: pageSize,
      })
    }
    if (Number.isFinite(maxSessions)) {
      await claim(service, record, 'tenant', maxSessions, { tenantId, limit: pageSize })
    }
  } catch (error) {
    await service.store.remove(record, { incarnation: record.incarnation })
    throw error
  }
}

async function claim(
  service: Service,
  record: SessionRecord,
  registerId: string,
  max: number,
  query: SessionQuery,
): Promise<void> {
  const register = sideRecordRef('slots', record.tenantId, registerId)
  const admit = async (before: Register | undefined): Promise<Register | undefined> => {
    let holders = before?.holders ?? []
    if (holders.includes(record.id)) return undefined
    if (holders.length >= max) holders = await stillLive(service, holders, query)
    if (holders.length >= max) {
      if (service.limits.whenFull === 'reject') {
        throw new SessionError('limit_reached', `There are already ${max} live sessions.`, {
          path: 'sessions',
        })
      }
      // `stillLive` returns the most active sessions first.
      const evicted = holders.slice(max - 1)
      holders = holders.slice(0, max - 1)
      for (const id of evicted) {
        await service.store.remove({ tenantId: record.tenantId, id })
        service.emit('session.evicted', { tenantId: record.tenantId, id, userId: record.userId }, {})
      }
    }
    return { holders: [...holders, record.id] }
  }
  // No session lives longer than this, so a register without writes for this long lists no live session.
  await updateSideRecord(service, register, admit, { idleMs: service.ttl.absoluteMs })
}

/** The holders that are live, the most active first. */
async function stillLive(
  service: Service,
  holders: readonly string[],
  query: SessionQuery,
): Promise<string[]> {
  const waiting = new Set(holders)
  const live: string[] = []
  let cursor: string | undefined
  do {
    const page = await service.store.list(cursor === undefined ? query : { ...query, cursor })
    for (const { id } of page.items) if (waiting.delete(id)) live.push(id)
    cursor = page.cursor
  } while (cursor !== undefined && waiting.size > 0)
  for (const id of waiting) {
    // The index of the store may be behind; a read of the session is not.
    const stored = await service.store.read({ tenantId: query.tenantId, id })
    if (stored !== undefined) live.push(id)
  }
  return live
}
