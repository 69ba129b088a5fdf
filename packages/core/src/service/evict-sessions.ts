import type { SessionRecord } from '../contract/session-record.js'
import { decodeBody } from '../domain/session-body.js'
import { isUnreadable } from '../errors.js'
import { isAlive } from './living-turn.js'
import { removeSeen } from './remove-seen.js'
import type { Service } from './service.js'

/**
 * Ends so many sessions, the least active first. A session whose message is being answered is not idle, though nothing
 * is written to it meanwhile: it goes only where no other is left, and only for those that must.
 *
 * @param live The most active first.
 * @param count So many must go.
 * @param most So many may go, if they are more, as far as the least active are idle.
 * @returns Those that stay, in the same order.
 */
export async function evictSessions(
  service: Service,
  live: readonly SessionRecord[],
  count: number,
  most: number,
): Promise<SessionRecord[]> {
  const free: SessionRecord[] = []
  const answering: SessionRecord[] = []
  for (const [looks, record] of live.toReversed().entries()) {
    if (looks >= most && free.length >= count) break
    const place = (await isAnswering(service, record)) ? answering : free
    place.push(record)
  }
  const evicted = new Set([...free, ...answering].slice(0, Math.max(count, free.length)))
  const kept: SessionRecord[] = []
  for (const record of live) {
    if (!evicted.has(record)) kept.push(record)
    else if (await removeSeen(service, record)) service.emit('session.evicted', record, {}, 'system')
  }
  return kept
}

async function isAnswering(service: Service, record: SessionRecord): Promise<boolean> {
  try {
    const stored = await service.store.read(record)
    const turn = stored === undefined ? undefined : decodeBody(stored.body).turn
    return turn !== undefined && (await isAlive(service, record.tenantId, turn.id))
  } catch (error) {
    if (isUnreadable(error)) return false
    throw error
  }
}
