import { isSessionError } from '../errors.js'
import { Attempts } from '../service/attempts.js'
import type { Service } from '../service/service.js'
import type { AuditCheckpoint } from '../service/settings.js'
import { readStoreTime } from '../service/store-time.js'
import type { AuditLog } from './audit-log.js'
import { decodeLink } from './chain.js'
import { checkpointLane, extendLane, type Lane, laneRef, openLane, readLane, signedHead } from './lane.js'
import { laneRecords } from './read-lanes.js'

/** How far a lane was. */
export type LaneState = AuditCheckpoint['lanes'][number]

/** What the lane of checkpoints tells: how far lanes were, or which were removed by retention. */
export interface CheckpointText {
  readonly at: number
  readonly lanes?: readonly LaneState[]
  readonly pruned?: readonly LaneState[]
}

// A store says to the minute when a lane was last written to, and another process may write while this one looks.
const coarseMs = 180_000
const maxLanes = 500

/**
 * Writes down how far each lane is that was written to since the last checkpoint. Any number of processes may do so at
 * once.
 *
 * @returns The checkpoints that were made: several where more than 500 lanes were written to, and none where none was.
 */
export async function makeCheckpoints(
  service: Service,
  log: AuditLog,
  tenantId: string,
): Promise<readonly AuditCheckpoint[]> {
  const at = await readStoreTime(log.lanes, tenantId)
  const since = (await lastCheckpointAt(log, tenantId)) - coarseMs
  const states: LaneState[] = []
  for await (const { id: lane, activeAt } of laneRecords(log.lanes, tenantId)) {
    if (activeAt < since) break
    const place = { tenantId, lane }
    const stored = await log.lanes.store.read(laneRef(place))
    // What nobody has signed is left for the check to name.
    const head = stored === undefined ? undefined : await signedHead(log.lanes, place, stored)
    if (head !== undefined && head.seq > 0) states.push({ lane, seq: head.seq, hash: head.hash })
  }
  const made: AuditCheckpoint[] = []
  for (let from = 0; from < states.length; from += maxLanes) {
    const lanes = states.slice(from, from + maxLanes)
    const { head } = await addCheckpoint(log, tenantId, { at, lanes })
    made.push({ tenantId, seq: head.seq, hash: head.hash, at, lanes })
  }
  for (const each of made) await service.audit?.onCheckpoint?.(each)
  return made
}

/** When lanes were last written down; 0 when they never were. */
async function lastCheckpointAt(log: AuditLog, tenantId: string): Promise<number> {
  const place = { tenantId, lane: checkpointLane }
  if ((await readLane(log.lanes, place)) === undefined) return 0
  const { messages } = await log.lanes.store.messages(laneRef(place), { limit: 20, order: 'desc' })
  for (const { payload } of messages) {
    const text = decodeCheckpoint(decodeLink(payload)?.text ?? '')
    if (text?.lanes !== undefined) return text.at
  }
  return 0
}

/** Adds to the lane of checkpoints, which all processes share. @returns The lane after it. */
export async function addCheckpoint(
  { lanes }: AuditLog,
  tenantId: string,
  text: CheckpointText,
  from?: number,
): Promise<Lane> {
  const place = { tenantId, lane: checkpointLane }
  const attempts = new Attempts(['conflict', 'not_found'])
  for (;;) {
    try {
      const lane = (await readLane(lanes, place)) ?? (await openLane(lanes, place))
      return await extendLane(lanes, lane, [JSON.stringify(text)], from)
    } catch (error) {
      if (!isSessionError(error)) throw error
      await attempts.again(error)
    }
  }
}

/** The text of a checkpoint; undefined for one that cannot be read. */
export function decodeCheckpoint(text: string): CheckpointText | undefined {
  try {
    return JSON.parse(text) as CheckpointText
  } catch {
    return undefined
  }
}
