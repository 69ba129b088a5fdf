import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { SessionChange, SessionStore, StoredMessage, StoredSession } from '../contract/session-store.js'
import { isSessionError, SessionError } from '../errors.js'
import { newId } from '../ids.js'
import { sideRecordTenant } from '../service/side-records.js'
import { repeatUnknown } from '../service/unknown-outcome.js'
import {
  type AuditKeys,
  decodeHead,
  decodeLink,
  encodeLink,
  type LaneHead,
  type LanePlace,
  type Link,
  noHash,
} from './chain.js'

/** Where lanes are, and what signs them. */
export interface Lanes {
  readonly store: SessionStore
  readonly keys: AuditKeys
}

/** A lane as it was when it was last read or written. */
export interface Lane {
  readonly place: LanePlace
  readonly record: SessionRecord
  readonly head: Pick<LaneHead, 'seq' | 'hash' | 'from'>
}

/** A lane that everybody writes to: what the other lanes were, at some moments. */
export const checkpointLane = 'checkpoints'

/** Where a lane is stored. */
export function laneRef({ tenantId, lane }: LanePlace): SessionRef {
  return { tenantId: sideRecordTenant('audit', tenantId), id: lane }
}

/** Makes an empty lane. @throws `conflict` when there is one. */
export async function openLane({ store, keys }: Lanes, place: LanePlace): Promise<Lane> {
  const head = { seq: 0, hash: noHash, from: 0 }
  const body = JSON.stringify(await keys.head(place, head))
  const created = { revision: 0, incarnation: newId(), body }
  const record = await applied(store, place, created)
  return { place, record, head }
}

/** The lane as it is; undefined when there is none. @throws `corrupt` */
export async function readLane({ store }: Lanes, place: LanePlace): Promise<Lane | undefined> {
  const stored = await store.read(laneRef(place))
  if (stored === undefined) return undefined
  const head = decodeHead(stored.body)
  if (head === undefined)
    throw new SessionError('corrupt', `The lane ${place.lane} of the audit cannot be read.`)
  return { place, record: stored.record, head }
}

/** What the body of a lane says of it; undefined where no secret of the ring has signed that. */
export async function signedHead(
  { keys }: Lanes,
  place: LanePlace,
  { body }: StoredSession,
): Promise<LaneHead | undefined> {
  const head = decodeHead(body)
  return head !== undefined && (await keys.isHeadAuthentic(place, head)) ? head : undefined
}

/** An entry as it was signed for this lane; undefined for what was not. */
export async function signedLink(
  { keys }: Lanes,
  place: LanePlace,
  message: StoredMessage | undefined,
): Promise<Link | undefined> {
  const link = message === undefined ? undefined : decodeLink(message.payload)
  return link !== undefined && (await keys.isAuthentic(place, link)) ? link : undefined
}

/**
 * Adds entries to a lane, all or none, in one commit that also says how far the lane is.
 *
 * @param from Entries up to and including this one are dropped afterwards (default: as before).
 * @throws `conflict`, `not_found` when the lane is not as it was
 */
export async function extendLane(
  { store, keys }: Lanes,
  { place, record, head }: Lane,
  texts: readonly string[],
  from = head.from,
): Promise<Lane> {
  const messages: { id: string; payload: string }[] = []
  let { hash, seq } = head
  for (const text of texts) {
    seq++
    const link = await keys.link(place, hash, seq, text)
    hash = link.hash
    messages.push({ id: String(seq), payload: encodeLink(link) })
  }
  const next = { seq, hash, from }
  const body = JSON.stringify(await keys.head(place, next))
  const { incarnation, revision } = record
  return { place, record: await applied(store, place, { incarnation, revision, body, messages }), head: next }
}

/** Changes the body of a lane, once, even if an answer is lost: nobody else writes this very body. */
async function applied(
  store: SessionStore,
  place: LanePlace,
  change: SessionChange & { readonly body: string; readonly incarnation: string },
): Promise<SessionRecord> {
  const ref = laneRef(place)
  try {
    return (await repeatUnknown(() => store.commit(ref, change))).record
  } catch (error) {
    const now = isSessionError(error, 'conflict') ? await store.read(ref) : undefined
    if (now?.body === change.body && now.record.incarnation === change.incarnation) return now.record
    throw error
  }
}
