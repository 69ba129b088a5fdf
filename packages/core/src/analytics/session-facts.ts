import type { SessionRecord } from '../contract/session-record.js'
import type { SessionFacts } from '../domain/analytics.js'
import { journeyOf } from '../domain/journey.js'
import type { MessageTally } from '../domain/message-tally.js'
import type { SessionBody } from '../domain/session-body.js'
import type { JsonObject } from '../json.js'

// What is longer is no segment: it is a text of its user.
const maxSegmentLength = 100
const maxPreferences = 20

/** What is counted of a session, from the counts of its messages. @param unit Stands for its user. */
export function factsOf(
  record: SessionRecord,
  body: SessionBody,
  { tally, unit }: { readonly tally: MessageTally; readonly unit: string },
): SessionFacts {
  const { turns, topics, days } = tally.counts()
  const value: Record<string, number> = {}
  for (const { total } of body.orders) value[total.currency] = (value[total.currency] ?? 0) + total.amount
  const arms = Object.entries(body.arms ?? {}).map(([experiment, { version, arm }]) => ({
    experiment,
    version,
    arm,
  }))
  return {
    createdAt: record.createdAt,
    unit,
    isUsers: record.userId !== undefined,
    messages: record.lastSeq - record.trimmedSeq,
    turns: turns.completed + turns.failed + turns.aborted,
    durationMs: record.updatedAt - record.createdAt,
    stage: stageOf(record, body),
    value,
    topics: topics.map(({ word }) => word),
    days,
    phases: journeyOf(body),
    segments: segmentsOf(body.preferences),
    arms,
  }
}

function stageOf(
  { lastSeq }: SessionRecord,
  { cart, cartCounts, orders }: SessionBody,
): SessionFacts['stage'] {
  if (lastSeq === 0) return 0
  if (orders.length > 0) return 3
  const { added, removed, purchased } = cartCounts
  // A session that began with a cart has not always counted it as added.
  return added + removed + purchased > 0 || cart.items.length > 0 ? 2 : 1
}

function segmentsOf(preferences: JsonObject): Readonly<Record<string, string>> {
  const segments = Object.entries(preferences).flatMap(([name, value]) => {
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    const text = isPlain ? String(value) : ''
    return isPlain && text.length <= maxSegmentLength && name.length <= maxSegmentLength ? [[name, text]] : []
  })
  return Object.fromEntries(segments.slice(0, maxPreferences)) as Record<string, string>
}
