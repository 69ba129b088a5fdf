import type { SessionRecord } from '../contract/session-record.js'
import type { StoredMessage } from '../contract/session-store.js'
import { isSessionError } from '../errors.js'
import { sideRecordTenant } from '../service/side-records.js'
import { pause } from '../async/slices.js'
import { decodeLink, type LanePlace } from './chain.js'
import { type AuditEntry, decodeEntry } from './entry.js'
import { checkpointLane, laneRef, type Lanes } from './lane.js'
import { dayOf } from './lane-writer.js'

/** Where an entry stands in the order of time: entries of one moment are in the order of their lanes. */
export type EntryPlace = Pick<AuditEntry, 'at' | 'lane' | 'seq'>

const pageSize = 1000
// Of several lanes at once.
const entriesPerPage = 100
// A store says to the minute when a lane was last written to.
const coarseMs = 120_000
// Days of the year 10,000 have another form.
const endOfDates = Date.UTC(10_000, 0)

/** The records of all lanes but that of the checkpoints, the last active first. */
export async function* laneRecords(
  { store }: Pick<Lanes, 'store'>,
  tenantId: string,
  activeBefore?: number,
): AsyncGenerator<SessionRecord, void> {
  const query = {
    tenantId: sideRecordTenant('audit', tenantId),
    limit: pageSize,
    ...(activeBefore === undefined ? {} : { activeBefore }),
  }
  let cursor: string | undefined
  do {
    const page = await store.list({ ...query, ...(cursor === undefined ? {} : { cursor }) })
    for (const record of page.items) if (record.id !== checkpointLane) yield record
    cursor = page.cursor
  } while (cursor !== undefined)
}

/**
 * Pages of a lane from a seq on; none when it is gone.
 *
 * @throws `corrupt` where the store finds its log damaged
 */
export async function* lanePages(
  { store }: Pick<Lanes, 'store'>,
  place: LanePlace,
  after: number,
  limit = pageSize,
): AsyncGenerator<readonly StoredMessage[], void> {
  for (let last = after; ;) {
    const page = await pageAfter(store, place, last, limit)
    if (page.messages.length > 0) yield page.messages
    if (!page.more || page.messages.length === 0) return
    last = page.messages.at(-1)!.seq
  }
}

async function pageAfter(store: Lanes['store'], place: LanePlace, after: number, limit: number) {
  try {
    return await store.messages(laneRef(place), { after, limit })
  } catch (error) {
    if (isSessionError(error, 'not_found')) return { messages: [], more: false }
    throw error
  }
}

/** The entries of a tenant in the order of their times, after a place, from the oldest on. */
export async function* entriesInOrder(
  lanes: Lanes,
  tenantId: string,
  {
    from,
    to,
    after,
  }: { readonly from: number; readonly to: number; readonly after?: EntryPlace | undefined },
): AsyncGenerator<AuditEntry, void> {
  const first = Math.max(from, after?.at ?? 0)
  const lastDay = to >= endOfDates ? undefined : dayOf(to)
  const days = new Map<string, string[]>()
  for await (const { id, activeAt } of laneRecords(lanes, tenantId)) {
    const day = id.slice(0, 10)
    if (day < dayOf(first) || day > (lastDay ?? day) || activeAt + coarseMs < first) continue
    days.set(day, [...(days.get(day) ?? []), id])
  }
  for (const [, ofDay] of [...days].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    for await (const entry of merged(ofDay.map((lane) => laneEntries(lanes, { tenantId, lane }, first)))) {
      if (entry.at >= to) return
      if (after === undefined || compare(entry, after) > 0) yield entry
    }
  }
}

function compare(one: EntryPlace, other: EntryPlace): number {
  if (one.at !== other.at) return one.at - other.at
  if (one.lane !== other.lane) return one.lane < other.lane ? -1 : 1
  return one.seq - other.seq
}

/** Entries of several lanes in one order. */
async function* merged(all: readonly AsyncGenerator<AuditEntry, void>[]): AsyncGenerator<AuditEntry, void> {
  const heads: { entry: AuditEntry; entries: AsyncGenerator<AuditEntry, void> }[] = []
  const take = async (entries: AsyncGenerator<AuditEntry, void>): Promise<void> => {
    const next = await entries.next()
    if (next.done === true) return
    // Lanes go on alternately, so the place is mostly near the beginning.
    const at = heads.findIndex(({ entry }) => compare(next.value, entry) < 0)
    heads.splice(at === -1 ? heads.length : at, 0, { entry: next.value, entries })
  }
  for (const entries of all) await take(entries)
  for (let head = heads.shift(); head !== undefined; head = heads.shift()) {
    await pause()
    yield head.entry
    await take(head.entries)
  }
}

async function* laneEntries(lanes: Lanes, place: LanePlace, from: number): AsyncGenerator<AuditEntry, void> {
  for await (const page of lanePages(lanes, place, await seqBefore(lanes, place, from), entriesPerPage)) {
    for (const message of page) {
      const entry = entryOf(place, message)
      if (entry !== undefined && entry.at >= from) yield entry
    }
  }
}

/** The last entry before a moment, or one before that: times in a lane only grow. */
async function seqBefore(lanes: Lanes, place: LanePlace, from: number): Promise<number> {
  let low = 0
  let high = (await lanes.store.read(laneRef(place)))?.record.lastSeq ?? 0
  while (high - low > entriesPerPage) {
    const middle = Math.floor((low + high) / 2)
    const { messages } = await pageAfter(lanes.store, place, middle - 1, 1)
    const at = messages[0] === undefined ? undefined : entryOf(place, messages[0])?.at
    if (at !== undefined && at < from) low = middle
    else high = middle
  }
  return low
}

function entryOf({ lane }: LanePlace, { payload, seq }: StoredMessage): AuditEntry | undefined {
  const link = decodeLink(payload)
  return link === undefined ? undefined : decodeEntry(link.text, lane, seq)
}
