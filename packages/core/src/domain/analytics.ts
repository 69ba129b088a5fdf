import type { Topic } from './topics.js'

/** Which sessions are analysed. */
export interface AnalyticsQuery {
  tenantId: string
  /** Sessions that were created from this moment on, in epoch milliseconds (default: from the first). */
  from?: number
  /** Sessions that were created before this moment, in epoch milliseconds (default: all). */
  to?: number
  /** How long a step of time is: days of UTC, or seven of them (default `day`). */
  bucket?: 'day' | 'week'
  /** The preference by whose values sessions are grouped into segments (default: no segments). */
  segmentBy?: string
  /** The size of the smallest group that is told, in users and sessions of nobody; 1 to 1,000 (default 5). */
  minGroup?: number
}

/** How far sessions got. Each step is a part of the one before it. */
export interface Funnel {
  readonly sessions: number
  /** Those in which the user said something. */
  readonly engaged: number
  /** Of these, those with something in the cart, ever. */
  readonly carted: number
  /** Of these, those with an order. */
  readonly ordered: number
}

/** A group of sessions: how far they got, and what was bought in them, in minor units by currency. */
export interface SessionGroup extends Funnel {
  readonly value: Readonly<Record<string, number>>
}

/** Users whose first session was in one step of time. */
export interface Cohort {
  /** When the step began, epoch ms. */
  readonly at: number
  readonly users: number
  /** How many of them made a session in each later step, the next one first. */
  readonly returned: readonly number[]
}

/** Sessions that went from one phase to another, by the `phase` of their state. */
export interface Passage {
  /** Absent where sessions began in `to`. */
  readonly from?: string
  /** Absent where sessions have come no further than `from`. */
  readonly to?: string
  /** A session that went there twice counts once. */
  readonly sessions: number
}

/** What the sessions of a tenant say together. It names no user and no session. */
export interface AnalyticsReport {
  readonly total: SessionGroup
  /** Users with a session among these; sessions of nobody count as none. */
  readonly users: number
  /** Sessions that were left out, because their users do not consent to `analytics`. */
  readonly withoutConsent: number
  /** Averages of a session: messages and turns of its active branch, and how long it was written to. */
  readonly engagement: {
    readonly messages: number
    readonly turns: number
    readonly durationMs: number
  }
  /** Sessions by when they were created, with the users who made them. */
  readonly over: readonly (SessionGroup & { readonly at: number; readonly users: number })[]
  /**
   * Users who said something, by when they did, also in sessions that are older than the span; and the sessions in which
   * something was said, of users and of nobody.
   */
  readonly active: readonly { readonly at: number; readonly users: number; readonly sessions: number }[]
  /** Words and phrases, and in how many sessions they are among the most frequent; at most 20. */
  readonly topics: readonly Topic[]
  /** The words of `topics` by when their sessions were created. */
  readonly trends: readonly (Topic & { readonly at: number })[]
  /** The most frequent first; at most 50. */
  readonly journeys: readonly Passage[]
  /** By the value of the preference `segmentBy`. */
  readonly segments: readonly (SessionGroup & { readonly segment: string })[]
  readonly arms: readonly (SessionGroup & {
    readonly experiment: string
    readonly version: string
    readonly arm: string
  })[]
  readonly cohorts: readonly Cohort[]
  /** Groups that were smaller than `minGroup`, and are not told. */
  readonly withheld: number
  /** False when there was more than one look takes: 20,000 sessions, or 100,000 messages that no turn has counted. */
  readonly complete: boolean
}

/** What is counted of one session. It has no content but frequent words, names of phases and short preferences. */
export interface SessionFacts {
  /** Epoch ms. */
  readonly createdAt: number
  /** Stands for the user; of a session of nobody, for the session. */
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
  /** The most frequent words and phrases of the user; at most five. */
  readonly topics: readonly string[]
  /** Days on which the user said something, in days of UTC since 1970, ascending. */
  readonly days: readonly number[]
  /** The phases it went through, in their order. */
  readonly phases: readonly string[]
  /** Preferences that may group sessions, by name, as texts. */
  readonly segments: Readonly<Record<string, string>>
  readonly arms: readonly {
    readonly experiment: string
    readonly version: string
    readonly arm: string
  }[]
}
