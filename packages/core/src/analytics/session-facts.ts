import type { SessionRecord } from '../contract/session-record.js'
import type { AssignedArm } from '../domain/experiment.js'
import type { SessionBody } from '../domain/session-body.js'
import { TopicCounts } from '../domain/topics.js'

/** What is counted of one session. */
export interface SessionFacts {
  readonly createdAt: number
  /** The user; of a session of nobody, the session. */
  readonly unit: string
  readonly isUsers: boolean
  readonly messages: number
  readonly turns: number
  readonly durationMs: number
  readonly isEngaged: boolean
  readonly isCarted: boolean
  readonly isOrdered: boolean
  /** Minor units by currency. */
  readonly value: Readonly<Record<string, number>>
  readonly topics: readonly string[]
  readonly preferences: SessionBody['preferences']
  readonly arms: Readonly<Record<string, AssignedArm>>
}

export function factsOf(record: SessionRecord, body: SessionBody): SessionFacts {
  const { tally, reply } = body.stats ?? {}
  const value: Record<string, number> = {}
  for (const { total } of body.orders) value[total.currency] = (value[total.currency] ?? 0) + total.amount
  const counted = [tally, reply?.counts].flatMap((counts) => counts ?? [])
  const sum = (of: (counts: NonNullable<typeof tally> | NonNullable<typeof reply>['counts']) => number) =>
    counted.reduce((all, counts) => all + of(counts), 0)
  return {
    createdAt: record.createdAt,
    unit: record.userId === undefined ? `session ${record.id}` : `user ${record.userId}`,
    isUsers: record.userId !== undefined,
    messages: record.lastSeq - record.trimmedSeq,
    turns: sum(({ turns }) => turns.completed + turns.failed + turns.aborted),
    durationMs: record.updatedAt - record.createdAt,
    isEngaged: record.lastSeq > 0,
    isCarted: body.cartCounts.added > 0,
    isOrdered: body.orders.length > 0,
    value,
    topics: tally === undefined ? [] : new TopicCounts(tally.topics).top().map(({ word }) => word),
    preferences: body.preferences,
    arms: body.arms ?? {},
  }
}
