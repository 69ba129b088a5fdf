import type { StoredMessage, StoredSession } from '../contract/session-store.js'
import { isSessionError } from '../errors.js'
import type { AuditCheckpoint } from '../service/settings.js'
import { decodeHead, decodeLink, type LaneHead, type LanePlace, type Link, noHash } from './chain.js'
import { type CheckpointText, decodeCheckpoint, type LaneState } from './checkpoint.js'
import { checkpointLane, laneRef, type Lanes, signedLink } from './lane.js'
import { lanePages, laneRecords } from './read-lanes.js'

/** What is checked. */
export interface VerifyAuditOptions {
  /** The tenant. `~nobody` has what was refused before its caller was known. */
  tenantId: string
  /** The newest checkpoint that was kept elsewhere: what it knew of must still be there (default: none). */
  checkpoint?: AuditCheckpoint
}

/** The first thing that is not as it was written. */
export interface AuditProblem {
  /** Something is not as it was written. */
  readonly ok: false
  /** The lane that it is in. */
  readonly lane: string
  /** The place in the lane; 0 for the lane itself. */
  readonly seq: number
  /**
   * `changed`: it is not what was written there. `missing`, `reordered`: another entry of the lane stands there, and this
   * one is gone, or stands elsewhere. `truncated`: the lane ends before it. `unknown lane`: no secret of the ring has
   * signed it.
   */
  readonly why: 'changed' | 'missing' | 'reordered' | 'truncated' | 'unknown lane'
}

/** What a check has found. */
export type AuditVerdict =
  | { readonly ok: true; readonly lanes: number; readonly entries: number }
  | AuditProblem

type Found = Omit<AuditProblem, 'ok'>

/** A lane that is as it was written. */
interface Walked {
  readonly entries: number
}

/** Checks all lanes of a tenant. Costs a read of each entry. */
export async function verifyLanes(
  lanes: Lanes,
  tenantId: string,
  known?: AuditCheckpoint,
): Promise<AuditVerdict> {
  const said = await readCheckpoints(lanes, tenantId, known)
  if ('why' in said) return { ok: false, ...said }
  let count = 0
  let entries = 0
  const seen = new Set<string>()
  for await (const { id: lane } of laneRecords(lanes, tenantId)) {
    if (seen.has(lane)) continue
    seen.add(lane)
    const walked = await walk(lanes, { tenantId, lane }, said.states.get(lane))
    if (walked === undefined) {
      // It was removed since it was listed.
      seen.delete(lane)
      continue
    }
    if ('why' in walked) return { ok: false, ...walked }
    count++
    entries += walked.entries
  }
  const gone = [...said.states.keys()].filter((lane) => !seen.has(lane))
  if (gone.length > 0) {
    // Retention says so before it removes a lane, and may have done so just now.
    const again = await readCheckpoints(lanes, tenantId, known)
    if ('why' in again) return { ok: false, ...again }
    const missing = gone.find((lane) => again.states.has(lane))
    if (missing !== undefined) return { ok: false, lane: missing, seq: 0, why: 'missing' }
  }
  return { ok: true, lanes: count, entries }
}

/** How far the checkpoints say that lanes were, but for those that retention has removed. */
async function readCheckpoints(
  lanes: Lanes,
  tenantId: string,
  known: AuditCheckpoint | undefined,
): Promise<{ readonly states: ReadonlyMap<string, LaneState> } | Found> {
  const place = { tenantId, lane: checkpointLane }
  let states = new Map<string, LaneState>()
  let pruned = new Map<string, number>()
  const take = (text: CheckpointText | undefined): void => {
    for (const { lane, seq } of text?.pruned ?? []) {
      pruned.set(lane, Math.max(seq, pruned.get(lane) ?? 0))
      // What it had grown to must be gone by the rules, too: the lane may have been put back before.
      if ((states.get(lane)?.seq ?? 0) <= seq) states.delete(lane)
    }
    for (const state of text?.lanes ?? []) {
      // A process may have looked at a lane before another one removed it, and tell of it afterwards, or before another
      // one looked later and told of it first. And it tells of a lane that somebody has put back as it was.
      const known = Math.max(pruned.get(state.lane) ?? 0, states.get(state.lane)?.seq ?? 0)
      if (state.seq > known) states.set(state.lane, state)
    }
  }
  const begin = (): void => {
    states = new Map()
    pruned = new Map()
  }
  const state = known && { ...known, lane: checkpointLane }
  const walked = await walk(lanes, place, state, { begin, took: ({ text }) => take(decodeCheckpoint(text)) })
  if (walked !== undefined && 'why' in walked) return walked
  if (walked === undefined && known !== undefined) return { lane: checkpointLane, seq: 0, why: 'missing' }
  return { states }
}

/** What hears of the entries of a lane, from the first one on. */
interface Hearing {
  readonly begin: () => void
  readonly took: (link: Link) => void
}

const nobody: Hearing = { begin: () => {}, took: () => {} }

/**
 * Reads a lane from its first entry to its last, and once more where retention has dropped some of it meanwhile.
 *
 * @param state How far it was at least, and its hash there.
 * @returns Undefined when there is no such lane, or no more.
 */
async function walk(
  lanes: Lanes,
  place: LanePlace,
  state: LaneState | undefined,
  hearing = nobody,
): Promise<Walked | Found | undefined> {
  let stored = await readStored(lanes, place)
  for (;;) {
    if (stored === undefined) return undefined
    hearing.begin()
    const found: Walked | Found = await walkOnce(lanes, place, stored, { state, took: hearing.took })
    if (!('why' in found)) return found
    const now = await readStored(lanes, place)
    if (now !== undefined && startOf(now) <= startOf(stored)) return found
    stored = now
  }
}

/** The entry up to which retention has dropped a lane, as its body says. */
function startOf(stored: StoredSession | 'corrupt'): number {
  return (stored === 'corrupt' ? undefined : decodeHead(stored.body))?.from ?? 0
}

async function walkOnce(
  lanes: Lanes,
  place: LanePlace,
  stored: StoredSession | 'corrupt',
  { state, took }: { readonly state: LaneState | undefined; readonly took: Hearing['took'] },
): Promise<Walked | Found> {
  const { lane } = place
  const head = stored === 'corrupt' ? undefined : decodeHead(stored.body)
  const isSigned = head !== undefined && (await lanes.keys.isHeadAuthentic(place, head))
  const from = head?.from ?? 0
  let next = from + 1
  let previous = from === 0 ? noHash : undefined
  try {
    for await (const page of lanePages(lanes, place, from)) {
      const links = await Promise.all(page.map(async (message) => signedLink(lanes, place, message)))
      for (const [index, message] of page.entries()) {
        const link = links[index]
        const why = whyNot(link, message.seq, { next, previous })
        if (why !== undefined) {
          const isOurs = isSigned || next > from + 1
          if (why === 'changed' && !(isOurs && (await isOfRing(lanes, message))))
            return { lane, seq: isOurs ? next : 0, why: 'unknown lane' }
          return { lane, seq: next, why: why === 'other' ? await whereIs(lanes, place, next, from) : why }
        }
        if (state?.seq === next && state.hash !== link!.hash) return { lane, seq: next, why: 'changed' }
        took(link!)
        previous = link!.hash
        next++
      }
    }
  } catch (error) {
    if (!isSessionError(error, 'corrupt')) throw error
    return damaged(lanes, place, next)
  }
  return endOf(lane, { isSigned, head, state, next, previous }) ?? { entries: next - 1 - from }
}

async function readStored(
  { store }: Pick<Lanes, 'store'>,
  place: LanePlace,
): Promise<StoredSession | 'corrupt' | undefined> {
  try {
    return await store.read(laneRef(place))
  } catch (error) {
    if (isSessionError(error, 'corrupt')) return 'corrupt'
    throw error
  }
}

/** The first entry that a store cannot give, which finds that its log has gaps. */
async function damaged({ store }: Lanes, place: LanePlace, from: number): Promise<Found> {
  const has = async (seq: number): Promise<boolean> => {
    try {
      const { messages } = await store.messages(laneRef(place), { after: seq - 1, before: seq + 1, limit: 1 })
      return messages.length > 0
    } catch (error) {
      if (isSessionError(error, 'corrupt')) return false
      throw error
    }
  }
  let seq = from
  while (await has(seq)) seq++
  const head = await readStored({ store }, place)
  const last = head === undefined || head === 'corrupt' ? seq : head.record.lastSeq
  for (let later = seq + 1; later <= last; later++) {
    if (await has(later)) return { lane: place.lane, seq, why: 'missing' }
  }
  return { lane: place.lane, seq, why: 'truncated' }
}

interface Walk {
  readonly isSigned: boolean
  readonly head: LaneHead | undefined
  readonly state: LaneState | undefined
  readonly next: number
  readonly previous: string | undefined
}

/** What is wrong at the end of a lane whose entries are all right. */
function endOf(lane: string, { isSigned, head, state, next, previous }: Walk): Found | undefined {
  if (!isSigned) return { lane, seq: 0, why: next === 1 ? 'unknown lane' : 'changed' }
  const last = Math.max(head!.seq, state?.seq ?? 0)
  if (next <= last) return { lane, seq: next, why: 'truncated' }
  // The head is of an entry that was read, and entries behind it were written since.
  const isItsHash = next - 1 > head!.seq || previous === undefined || previous === head!.hash
  return isItsHash ? undefined : { lane, seq: head!.seq, why: 'changed' }
}

/** Whether a secret of the ring may have signed it. What is no link at all, nobody signs. */
async function isOfRing({ keys }: Lanes, { payload }: StoredMessage): Promise<boolean> {
  const link = decodeLink(payload)
  return link === undefined || keys.has(link.kid)
}

/** What is wrong with the link at the place of entry `next`; `other` when another entry stands there. */
function whyNot(
  link: Link | undefined,
  seq: number,
  { next, previous }: Pick<Walk, 'next' | 'previous'>,
): 'changed' | 'other' | undefined {
  // The store has left a seq out.
  if (seq !== next) return 'other'
  if (link === undefined) return 'changed'
  if (link.seq !== next) return 'other'
  return previous === undefined || link.previous === previous ? undefined : 'changed'
}

/** Whether an entry that is not in its place stands anywhere in its lane. */
async function whereIs(
  lanes: Lanes,
  place: LanePlace,
  number: number,
  from: number,
): Promise<'missing' | 'reordered'> {
  for await (const page of lanePages(lanes, place, from)) {
    const links = await Promise.all(page.map(async (message) => signedLink(lanes, place, message)))
    if (links.some((link) => link?.seq === number)) return 'reordered'
  }
  return 'missing'
}
