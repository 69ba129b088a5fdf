import * as z from 'zod/mini'
import type { Role } from './message.js'
import type { KeptTopics } from './topics.js'

/** How long something took, over all times that it happened. Milliseconds. */
export interface TimeSpread {
  /** How often it happened. */
  readonly count: number
  /** All times together. */
  readonly totalMs: number
  /** The longest one. */
  readonly longestMs: number
}

/** How long something took, with its average. */
export interface Timing extends TimeSpread {
  /** A whole number of milliseconds; 0 when it never happened. */
  readonly averageMs: number
}

/** What turns came to, and how long they took. */
export interface TurnCounts<Spread = TimeSpread> {
  /** Answered to the end. */
  readonly completed: number
  /** Broken off by an error. */
  readonly failed: number
  /** Stopped. */
  readonly aborted: number
  /** Of the completed ones, those that took an earlier answer and called no model. */
  readonly reused: number
  /** From when a turn ran until the model had answered. */
  readonly responses: Spread
  /** From when a turn ran until the model said its first word. */
  readonly firstTokens: Spread
}

/** Counts over messages, as they are kept. */
export interface MessageCounts {
  readonly byRole: Readonly<Record<Role, number>>
  readonly tokens: number
  readonly turns: TurnCounts
}

/** Counts over messages with the words of the user's, as they are kept. */
export interface KeptTally extends MessageCounts {
  readonly topics: KeptTopics
  /** Days on which the user said something, in days of UTC since 1970, ascending: the newest ones. */
  readonly days: readonly number[]
}

const count = z.int().check(z.minimum(0))
const spread = z.looseObject({ count, totalMs: z.number(), longestMs: z.number() })
const countedWords = z.array(z.tuple([z.string(), count]))

export const messageCountsSchema = z.looseObject({
  byRole: z.looseObject({ system: count, user: count, assistant: count, tool: count }),
  tokens: z.number(),
  turns: z.looseObject({
    completed: count,
    failed: count,
    aborted: count,
    reused: count,
    responses: spread,
    firstTokens: spread,
  }),
})
export const keptTallySchema = z.extend(messageCountsSchema, {
  topics: z.looseObject({ words: countedWords, phrases: countedWords }),
  days: z.array(count),
})
