import type { SessionRef } from '../contract/session-record.js'
import { inParallel } from '../async/in-parallel.js'
import { readReadable } from './read-readable.js'
import type { Service } from './service.js'
import { sideRecordRef } from './side-records.js'
import { readStoreTime } from './store-time.js'

// Of one question for many turns.
const readsAtOnce = 16

/**
 * A turn's events are kept in a record beside its session. The same record is its heartbeat: every write moves
 * `updatedAt`, by the store's clock. Its body is written once, by a caller who wants the turn to stop, and says why.
 */
export function turnLogRef(tenantId: string, turnId: string): SessionRef {
  return sideRecordRef('turns', tenantId, turnId)
}

/** Whether a process still runs a turn, by the store's clock. */
export async function isAlive(service: Service, tenantId: string, turnId: string): Promise<boolean> {
  return (await livingOf(service, tenantId, [turnId])).has(turnId)
}

/** Those of some turns that a process still runs, by the store's clock. */
export async function livingOf(
  service: Service,
  tenantId: string,
  turnIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const writtenAt = new Map<string, number>()
  await inParallel(turnIds, readsAtOnce, async (turnId) => {
    // A record that nobody can read is that of a dead turn: its turn cannot write to it either.
    const stored = await readReadable(service, turnLogRef(tenantId, turnId))
    if (stored !== undefined) writtenAt.set(turnId, stored.record.updatedAt)
  })
  if (writtenAt.size === 0) return new Set()
  const now = await readStoreTime(service, tenantId)
  // If a record was written while the time was read, the difference is negative: the turn is alive.
  return new Set(turnIds.filter((id) => now - (writtenAt.get(id) ?? -Infinity) < service.turns.leaseMs))
}
