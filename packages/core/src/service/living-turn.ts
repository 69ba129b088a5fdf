import type { SessionRef } from '../contract/session-record.js'
import type { Service } from './service.js'
import { sideRecordRef } from './side-records.js'
import { readStoreTime } from './store-time.js'

/**
 * A turn's events are kept in a record beside its session. The same record is its heartbeat: every write moves
 * `updatedAt`, by the store's clock. Its body is written once, by a caller who wants the turn to stop, and says why.
 */
export function turnLogRef(tenantId: string, turnId: string): SessionRef {
  return sideRecordRef('turns', tenantId, turnId)
}

/** Whether a process still runs a turn, by the store's clock. */
export async function isAlive(service: Service, tenantId: string, turnId: string): Promise<boolean> {
  const stored = await service.store.read(turnLogRef(tenantId, turnId))
  if (stored === undefined) return false
  const now = await readStoreTime(service, tenantId)
  // If the record was written while the time was read, the difference is negative: the turn is alive.
  return now - stored.record.updatedAt < service.turns.leaseMs
}
