import type { SessionRecord } from '../contract/session-record.js'
import type { StoredMessage } from '../contract/session-store.js'
import { decodeMessage } from '../domain/message.js'
import { decodeBody } from '../domain/session-body.js'
import type { UsageEvent } from '../domain/usage.js'
import { isSessionError, isUnreadable } from '../errors.js'
import { isJsonObject } from '../json.js'
import { followSessions } from '../service/follow-sessions.js'
import { LiveSession } from '../service/live-session.js'
import type { Service } from '../service/service.js'
import { sideRecordRef } from '../service/side-records.js'
import { pause } from '../async/slices.js'
import { isHeld } from '../turn/follow.js'
import { addUsages, noUsage, parseUsage } from '../turn/usage.js'
import { toNames, toUsageEvent } from './record-usage.js'
import { keepsUsage } from './query-usage.js'
import { type UsageRecorder, usageOf } from './usage-recorder.js'

const pageSize = 1000
const messagePage = 100
const appendSize = 200
// How far the first look goes back.
const firstMs = 7 * 24 * 3_600_000

/**
 * Finds in the sessions of a tenant what was used and is not kept: a process died, or what it kept did not fit. Ends turns
 * whose process died.
 *
 * @returns How many turns it made good.
 */
export async function followUsage(service: Service, tenantId: string): Promise<number> {
  const recorder = usageOf(service)
  // What only passes events on would pass each on again.
  if (recorder === undefined || !keepsUsage(service)) return 0
  await recorder.flush(tenantId)
  const { found } = await followSessions(service, {
    tenantId,
    ref: sideRecordRef('usage', tenantId, 'followed'),
    firstMs,
    pageSize,
    atMost: Number.POSITIVE_INFINITY,
    visit: (record, since) => followSession(recorder, record, since),
  })
  return found
}

/** Makes good what a session has used since a moment. @returns How many turns were missing. */
async function followSession(recorder: UsageRecorder, listed: SessionRecord, since: number): Promise<number> {
  const { service, log } = recorder
  const isOpen = await endLostTurn(service, listed)
  if (!isOpen) return 0
  const { tenantId, userId } = listed
  let found = 0
  let events: UsageEvent[] = []
  const append = async (): Promise<void> => {
    const named = await Promise.all(events.map((event) => recorder.named(tenantId, event, userId)))
    events = []
    if (named.length > 0) found += await log.append(tenantId, named)
  }
  for await (const message of newestFirst(service, listed)) {
    if (message.at < since) break
    const event = eventOf(recorder, listed, message)
    if (event !== undefined) events.push(event)
    if (events.length >= appendSize) await append()
  }
  await append()
  return found
}

/** Ends a turn whose process died, so that its answer is stored as far as it came. @returns Whether there is a session. */
async function endLostTurn(service: Service, listed: SessionRecord): Promise<boolean> {
  try {
    const stored = await service.store.read(listed)
    if (stored === undefined || stored.record.incarnation !== listed.incarnation) return false
    const { tenantId, userId } = stored.record
    const body = decodeBody(stored.body)
    if (body.turn === undefined) return true
    const owner = { tenantId, ...(userId === undefined ? {} : { userId }) }
    const seen = { record: stored.record, body }
    await isHeld(new LiveSession(service, owner, seen, { holdsCredential: true }), body.turn)
  } catch (error) {
    // Its messages may be readable all the same.
    if (!isUnreadable(error) && !isSessionError(error, 'not_found')) throw error
  }
  return true
}

async function* newestFirst(
  { store }: Service,
  { tenantId, id }: SessionRecord,
): AsyncGenerator<StoredMessage, void> {
  let before: number | undefined
  try {
    for (;;) {
      const query = { order: 'desc' as const, limit: messagePage }
      const page = await store.messages(
        { tenantId, id },
        { ...query, ...(before === undefined ? {} : { before }) },
      )
      await pause()
      yield* page.messages
      if (!page.more) return
      before = page.messages.at(-1)!.seq
    }
  } catch (error) {
    if (!isSessionError(error, 'not_found') && !isUnreadable(error)) throw error
  }
}

/** What a stored reply says of its turn; undefined for other messages, and for copies of replies. */
function eventOf(
  recorder: UsageRecorder,
  record: SessionRecord,
  stored: StoredMessage,
): UsageEvent | undefined {
  if (!stored.payload.includes(record.incarnation)) return undefined
  const { metadata, status } = decodeMessage(stored)
  const turn = metadata?.['turn']
  if (!isJsonObject(turn) || turn['incarnation'] !== record.incarnation) return undefined
  const { id, usage, reason, costBy } = turn
  if (typeof id !== 'string' || !isJsonObject(usage) || status === 'corrupt') return undefined
  const { userId: _, ...session } = toNames(record)
  return toUsageEvent(
    recorder,
    {
      turnId: id,
      outcome: reason === 'lost' ? 'lost' : status,
      at: stored.at,
      usage: addUsages(noUsage, parseUsage(usage, 'usage')),
      ...(costBy === 'prices' ? { costBy } : {}),
    },
    session,
  )
}
