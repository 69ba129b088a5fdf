import type { ServiceParts } from '../session-options.js'
import { readStoreTime } from '../store-time.js'
import { turnLogRef } from './log.js'

/** Whether somebody still works on a turn, by the store's clock. */
export async function isAlive(service: ServiceParts, tenantId: string, turnId: string): Promise<boolean> {
  const ref = turnLogRef(tenantId, turnId)
  const stored = await service.store.read(ref)
  if (stored === undefined) return false
  const now = await readStoreTime(service.store, tenantId)
  // Written to while we asked for the time: then it is younger than that.
  return now - stored.record.updatedAt < service.turns.leaseMs
}
