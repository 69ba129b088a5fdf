import { maxPageBytes } from '../contract/page-bytes.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { Amendment, SessionStore, StoredMessage } from '../contract/session-store.js'
import type { UsageEvent, UsageLog, UsageSpan } from '../domain/usage.js'
import { isSessionError, SessionError } from '../errors.js'
import { hashOf } from '../hash.js'
import { byteLength } from '../json.js'
import { sideRecordRef, sideRecordTenant, updateSideRecord } from '../service/side-records.js'
import { repeatUnknown } from '../service/unknown-outcome.js'
import { pause } from '../async/slices.js'

const maxBatch = 200
const maxBatchBytes = maxPageBytes / 2
const pageSize = 1000
// Of a log that is written all the time, so many are changed at once, after so many tries.
const fewEvents = 20
const maxTries = 12
const dayMs = 86_400_000
// Whoever ends a turn knows within this time what became of its reply, but for turns that are lost.
const nearMidnightMs = 10 * 60_000
const filedMs = 30 * dayMs
// Calls of the store that wait at the same moment: the store has other callers.
const together = 20
const dayName = /^\d{4}-\d{2}-\d{2}$/

/**
 * Keeps usage in a store: a log a day for each tenant, in a tenant of the library's own. The id of an event is that of its
 * message, so the store itself keeps each once. For up to some hundred thousand turns a month of a tenant; a table that
 * SQL can sum up is quicker for more.
 */
export function storeUsageLog(store: SessionStore): UsageLog {
  return {
    async append(tenantId, events) {
      const days = new Map<string, UsageEvent[]>()
      for (let from = 0; from < events.length; from += together) {
        const some = events.slice(from, from + together)
        for (const event of await Promise.all(some.map(async (one) => filed(store, tenantId, one)))) {
          const day = dayOf(event.at)
          const ofDay = days.get(day)
          if (ofDay === undefined) days.set(day, [event])
          else ofDay.push(event)
        }
      }
      let inserted = 0
      for (const [day, ofDay] of days) {
        const ref = sideRecordRef('usage', tenantId, day)
        for (const batch of batchesOf(ofDay)) inserted += await appendBatch(store, ref, batch)
      }
      return inserted
    },
    async *read(span) {
      for await (const { ref, messages } of pages(store, span))
        yield messages.map((each) => eventOf(ref, each)).filter(({ at }) => at >= span.from && at < span.to)
    },
    async rewrite(span, change) {
      let changed = 0
      for (const ref of await logsOf(store, span)) changed += await rewriteLog(store, ref, span, change)
      return changed
    },
    async prune(tenantId, before, limit) {
      let removed = 0
      for (const day of await daysOf(store, tenantId)) {
        // The day is over, and so is the time of its last event.
        if (removed >= limit || Date.parse(day) + dayMs > before) break
        if (await repeatUnknown(() => store.remove(sideRecordRef('usage', tenantId, day)))) removed++
      }
      return removed
    },
  }
}

/**
 * The event as it is filed. Two processes that end the same turn may find that it ended on different days: it ended when
 * the first one to file it says, so that the log of that day knows its id.
 */
async function filed(store: SessionStore, tenantId: string, event: UsageEvent): Promise<UsageEvent> {
  const day = dayOf(event.at)
  const isNear = dayOf(event.at - nearMidnightMs) !== day || dayOf(event.at + nearMidnightMs) !== day
  if (event.outcome !== 'lost' && !isNear) return event
  let { at } = event
  const ref = sideRecordRef('usage', tenantId, `filed:${hashOf([event.id])}`)
  await updateSideRecord<{ readonly at: number }>(
    { store },
    ref,
    (known) => {
      at = known?.at ?? event.at
      return known === undefined ? { at } : undefined
    },
    { idleMs: filedMs },
  )
  return at === event.at ? event : { ...event, at }
}

/** Appends events to the log of a day, and makes the log if need be. */
async function appendBatch(
  store: SessionStore,
  ref: SessionRef,
  events: readonly UsageEvent[],
): Promise<number> {
  const unknown = new Map(events.map((event) => [event.id, JSON.stringify(event)]))
  while (unknown.size > 0) {
    const messages = [...unknown].map(([id, payload]) => ({ id, payload }))
    try {
      const committed = await repeatUnknown(() => store.commit(ref, { messages }))
      return committed.messages.filter(({ inserted }) => inserted).length
    } catch (error) {
      if (isSessionError(error, 'not_found')) await makeDay(store, ref)
      // It is known by other prices, or under another label: what was first stays.
      else if (!isSessionError(error, 'conflict') || !unknown.delete(error.messageId ?? '')) throw error
    }
  }
  return 0
}

async function makeDay(store: SessionStore, ref: SessionRef): Promise<void> {
  try {
    await repeatUnknown(() => store.commit(ref, { revision: 0 }))
  } catch (error) {
    // Another process has made it.
    if (!isSessionError(error, 'conflict')) throw error
  }
}

function* batchesOf(events: readonly UsageEvent[]): Generator<readonly UsageEvent[], void> {
  let batch: UsageEvent[] = []
  let bytes = 0
  for (const event of events) {
    const more = byteLength(JSON.stringify(event))
    if (batch.length > 0 && (batch.length >= maxBatch || bytes + more > maxBatchBytes)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(event)
    bytes += more
  }
  if (batch.length > 0) yield batch
}

/**
 * Changes the events of a log that are of a span. Others append to it meanwhile, and may change it: a user is erased while
 * prices are told anew. So a page that has been changed since it was read is read again.
 */
async function rewriteLog(
  store: SessionStore,
  ref: SessionRef,
  span: UsageSpan,
  change: (event: UsageEvent) => UsageEvent,
): Promise<number> {
  const sent = new Set<number>()
  let tries = 0
  for (let after = 0, more = true; more;) {
    const record = (await store.read(ref))?.record
    if (record === undefined) break
    // Of fewer events it is sooner known what becomes of them.
    const page = await pageAfter(store, ref, after, Math.max(fewEvents, pageSize >> tries))
    await pause()
    const amendments = page.messages.flatMap((message) => {
      const event = readableOf(ref, message)
      if (event === undefined || event.at < span.from || event.at >= span.to) return []
      const payload = JSON.stringify(change(event))
      return payload === message.payload ? [] : [{ seq: message.seq, payload }]
    })
    for (const { seq } of amendments) sent.add(seq)
    if (amendments.length === 0 || (await amendedAsSeen(store, record, amendments))) {
      tries = 0
      more = page.more
      after = page.messages.at(-1)?.seq ?? after
    } else if (++tries === maxTries) {
      throw new SessionError(
        'unavailable',
        `The usage of ${ref.id} is written all the time: change it later.`,
      )
    }
  }
  return sent.size
}

/** False when the log has been changed since it was seen, or when nobody knows. */
async function amendedAsSeen(
  store: SessionStore,
  { tenantId, id, incarnation, changes }: SessionRecord,
  amendments: readonly Amendment[],
): Promise<boolean> {
  try {
    return (await store.amend({ tenantId, id }, amendments, { incarnation, changes })) > 0
  } catch (error) {
    if (!isSessionError(error, 'unknown_outcome')) throw error
    return false
  }
}

/** Pages of the logs of the days that a span touches, the oldest first. */
async function* pages(
  store: SessionStore,
  span: UsageSpan,
): AsyncGenerator<{ readonly ref: SessionRef; readonly messages: readonly StoredMessage[] }, void> {
  for (const ref of await logsOf(store, span)) {
    for (let after = 0, more = true; more;) {
      const page = await pageAfter(store, ref, after, pageSize)
      await pause()
      if (page.messages.length > 0) yield { ref, messages: page.messages }
      more = page.more
      after = page.messages.at(-1)?.seq ?? after
    }
  }
}

/** The logs of the days that a span touches, the oldest first. */
async function logsOf(
  store: SessionStore,
  { tenantId, from, to }: UsageSpan,
): Promise<readonly SessionRef[]> {
  return (await daysOf(store, tenantId))
    .filter((day) => Date.parse(day) < to && Date.parse(day) + dayMs > from)
    .map((day) => sideRecordRef('usage', tenantId, day))
}

async function pageAfter(store: SessionStore, ref: SessionRef, after: number, limit: number) {
  try {
    return await store.messages(ref, { after, limit })
  } catch (error) {
    // Its time was over just now.
    if (isSessionError(error, 'not_found')) return { messages: [], more: false }
    throw error
  }
}

async function daysOf(store: SessionStore, tenantId: string): Promise<readonly string[]> {
  const days = new Set<string>()
  let cursor: string | undefined
  do {
    const query = { tenantId: sideRecordTenant('usage', tenantId), limit: pageSize }
    const page = await store.list({ ...query, ...(cursor === undefined ? {} : { cursor }) })
    for (const { id } of page.items) if (dayName.test(id)) days.add(id)
    cursor = page.cursor
  } while (cursor !== undefined)
  return [...days].toSorted()
}

function eventOf(ref: SessionRef, { payload, seq }: StoredMessage): UsageEvent {
  let cause: unknown
  try {
    const event = JSON.parse(payload) as UsageEvent | null
    if (typeof event?.at === 'number') return event
  } catch (error) {
    cause = error
  }
  const place = `Entry ${seq} of ${ref.id} in ${ref.tenantId}`
  throw new SessionError('corrupt', `${place} is damaged: what a turn used is not readable.`, { cause })
}

/** What nobody can read says nothing that could be changed, and must not keep the others from being changed. */
function readableOf(ref: SessionRef, message: StoredMessage): UsageEvent | undefined {
  try {
    return eventOf(ref, message)
  } catch (error) {
    if (!isSessionError(error, 'corrupt')) throw error
    return undefined
  }
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
