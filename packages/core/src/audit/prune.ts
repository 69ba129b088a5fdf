import type { SessionGuard, StoredMessage } from '../contract/session-store.js'
import type { AuditLog } from './audit-log.js'
import type { LaneHead, LanePlace } from './chain.js'
import { addCheckpoint, decodeCheckpoint, type LaneState } from './checkpoint.js'
import { decodeEntry } from './entry.js'
import { checkpointLane, type Lane, laneRef, type Lanes, readLane, signedHead, signedLink } from './lane.js'
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
  const guards = new Map<string, SessionGuard>()
  for await (const { id: lane } of laneRecords(log.lanes, tenantId, before)) {
    if (pruned.length >= limit) break
    const place = { tenantId, lane }
    const stored = await store.read(laneRef(place), { tail: 1 })
    const head = stored === undefined ? undefined : await signedHead(log.lanes, place, stored)
    // What is no lane, or not as old as its record says, is left for the check to name.
    if (head === undefined || !(await isOver(log.lanes, place, { head, last: stored!.messages[0], before })))
      continue
    pruned.push({ lane, seq: head.seq, hash: head.hash })
    guards.set(lane, stored!.record)
  }
  if (pruned.length === 0) return 0
  const isLast = pruned.length < limit
  await addCheckpoint(
    log,
    tenantId,
    { at: now, pruned },
    isLast ? await oldCheckpoints(log, tenantId, before) : undefined,
  )
  // One that has grown meanwhile stays.
  for (const [lane, { incarnation, changes }] of guards)
    await store.remove(laneRef({ tenantId, lane }), { incarnation: incarnation!, changes: changes! })
  if (isLast) await trimCheckpoints(log, tenantId)
  return pruned.length
}

/** Whether the newest entry of a lane is of before a moment, as the entry itself says: who signed it knew the time. */
async function isOver(
  lanes: Lanes,
  place: LanePlace,
  {
    head,
    last,
    before,
  }: { readonly head: LaneHead; readonly last: StoredMessage | undefined; readonly before: number },
): Promise<boolean> {
  if (head.seq === 0) return last === undefined
  const link = await signedLink(lanes, place, last)
  if (link?.seq !== head.seq) return false
  return (decodeEntry(link.text, place.lane, link.seq)?.at ?? before) < before
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
    const link = await signedLink(log.lanes, lane.place, messages[0])
    const at = link === undefined ? undefined : decodeCheckpoint(link.text)?.at
    if ((at ?? Number.POSITIVE_INFINITY) < before) low = middle
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
