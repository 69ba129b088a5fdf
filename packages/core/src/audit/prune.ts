import type { AuditLog } from './audit-log.js'
import { decodeHead } from './chain.js'
import { addCheckpoint, type LaneState } from './checkpoint.js'
import { checkpointLane, type Lane, laneRef, readLane } from './lane.js'
import { laneRecords } from './read-lanes.js'

/**
 * Removes lanes that nobody has written to for long, up to `limit` of them. The lane of checkpoints says so first, so the
 * check does not miss them.
 *
 * @param before Lanes whose newest entry is older than this moment.
 * @returns How many lanes it removed.
 */
export async function pruneLanes(
  log: AuditLog,
  tenantId: string,
  { before, now, limit }: { readonly before: number; readonly now: number; readonly limit: number },
): Promise<number> {
  const { store } = log.lanes
  const pruned: LaneState[] = []
  for await (const { id: lane } of laneRecords(log.lanes, tenantId, before)) {
    if (pruned.length >= limit) break
    const stored = await store.read(laneRef({ tenantId, lane }))
    const head = stored === undefined ? undefined : decodeHead(stored.body)
    // What is no lane is left for the check to name.
    if (head !== undefined) pruned.push({ lane, seq: head.seq, hash: head.hash })
  }
  if (pruned.length === 0) return 0
  const isLast = pruned.length < limit
  await addCheckpoint(
    log,
    tenantId,
    { at: now, pruned },
    isLast ? await oldCheckpoints(log, tenantId, before) : undefined,
  )
  for (const { lane } of pruned) await store.remove(laneRef({ tenantId, lane }))
  if (isLast) await trimCheckpoints(log, tenantId)
  return pruned.length
}

/**
 * The last checkpoint before a moment. What it tells of lanes that exist is told again later: a lane that was written to
 * since then is in a later one, and the others are removed.
 */
async function oldCheckpoints(log: AuditLog, tenantId: string, before: number): Promise<number | undefined> {
  const lane = await readLane(log.lanes, { tenantId, lane: checkpointLane })
  if (lane === undefined) return undefined
  let low = lane.head.from
  let high = lane.head.seq
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const { messages } = await log.lanes.store.messages(laneRef(lane.place), { after: middle - 1, limit: 1 })
    if ((messages[0]?.at ?? Number.POSITIVE_INFINITY) < before) low = middle
    else high = middle - 1
  }
  return low
}

/** Drops what the head says is dropped. */
async function trimCheckpoints(log: AuditLog, tenantId: string): Promise<void> {
  const { head, record, place } = (await readLane(log.lanes, { tenantId, lane: checkpointLane })) as Lane
  const { incarnation, trimmedSeq } = record
  if (head.from > trimmedSeq) await log.lanes.store.trim(laneRef(place), head.from, { incarnation })
}
