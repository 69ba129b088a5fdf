import type { Topic } from './topics.js'

/** Which sessions are analysed. */
export interface AnalyticsQuery {
  /** The tenant. */
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
  /** That were begun. */
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
  /** What was ordered, by currency, in its smallest unit. */
  readonly value: Readonly<Record<string, number>>
}

/** Users whose first session was in one step of time. */
export interface Cohort {
  /** When the step began, epoch ms. */
  readonly at: number
  /** How many made their first session in this step. */
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
  /** All sessions of the span. */
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
  /** By experiment, version and arm. */
  readonly arms: readonly (SessionGroup & {
    readonly experiment: string
    readonly version: string
    readonly arm: string
  })[]
  /** Users by the step of their first session. */
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
  /** Whether it has an owner. */
  readonly isUsers: boolean
  /** Messages of all roles, without those that were trimmed. */
  readonly messages: number
  /** Turns that have ended, however they did. */
  readonly turns: number
  /** From when it was made until it was last written to. */
  readonly durationMs: number
  /** How far it got: 0 for nowhere, 1 engaged, 2 carted, too, 3 ordered, too. */
  readonly stage: 0 | 1 | 2 | 3
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
  /** The arms of experiments that it is in. */
  readonly arms: readonly {
    readonly experiment: string
    readonly version: string
    readonly arm: string
  }[]
}

/** A query with its defaults. */
export interface AnalyticsSpan {
  /** The tenant. */
  readonly tenantId: string
  /** Epoch ms, inclusive. */
  readonly from: number
  /** Epoch ms, exclusive. */
  readonly to: number
  /** How long a step of time is; the first begins at the epoch. */
  readonly bucketMs: number
  /** By which preference sessions are grouped (default: by none). */
  readonly segmentBy?: string | undefined
  /** Groups of fewer sessions are left out, so that no group is a person. */
  readonly minGroup: number
}

/**
 * What groups of sessions are of, and what their names are: `total` one without a name; `over` and `active` the begin of a
 * step; `topics` a word; `trends` the begin of a step and a word; `journeys` two phases, of which one may be empty;
 * `segments` a value; `arms` experiment, version and arm.
 */
export type GroupKind = 'total' | 'over' | 'active' | 'topics' | 'trends' | 'journeys' | 'segments' | 'arms'

/** A group of sessions, each of which counts once. */
export interface FactGroup extends SessionGroup {
  /** What they have in common: one text for each thing that they are grouped by. */
  readonly name: readonly string[]
  /** Users among those whose sessions these are. */
  readonly users: number
}

/** Groups that may be told. */
export interface FactGroups {
  /** At most 10,000, those of the most sessions. */
  readonly told: readonly FactGroup[]
  /** How many groups have fewer units than may be told. */
  readonly withheld: number
}

/** What all sessions of a span come to, in sums. */
export interface FactSums {
  /** Messages of all roles, without those that were trimmed. */
  readonly messages: number
  /** Turns that have ended, however they did. */
  readonly turns: number
  /** From when they were made until they were last written to, summed up. */
  readonly durationMs: number
  /** Sessions of users who do not consent to `analytics`: nothing else counts them. */
  readonly withoutConsent: number
}

/** Counts facts. Sessions are those that were created in the span; for `active`, those that were created before its end. */
export interface FactCounts {
  /**
   * The groups of one kind, and what each comes to.
   *
   * @param minGroup The fewest units of a group that is told.
   * @param words The words of `trends`.
   */
  groups(
    span: AnalyticsSpan,
    kind: GroupKind,
    minGroup: number,
    words: readonly string[],
  ): Promise<FactGroups>
  /** What all sessions of the span come to. */
  sums(span: AnalyticsSpan): Promise<FactSums>
  /** How many users who made their first session in one step made one in another: step, step, users. */
  cohorts(span: AnalyticsSpan): Promise<readonly (readonly [first: number, step: number, users: number])[]>
}

/** What is kept of one session. */
export interface KeptFacts {
  /** Stands for the session. */
  readonly key: string
  /** Grows with every change of the session: what was read later stays. */
  readonly changes: number
  /** Epoch ms. */
  readonly createdAt: number
  /** Absent while its user does not consent. */
  readonly facts?: SessionFacts
}

/** Where facts of sessions are kept, and counted. */
export interface AnalyticsLog extends FactCounts {
  /** Keeps facts in the place of what was kept of the same sessions, unless that is of a later change. */
  put: (tenantId: string, kept: readonly KeptFacts[]) => Promise<void>
  /** Removes what is kept of the sessions of a unit. @returns Of how many. */
  forget: (tenantId: string, unit: string) => Promise<number>
  /** Removes what is kept of sessions that were created before, `limit` at most. @returns Of how many. */
  prune: (tenantId: string, before: number, limit: number) => Promise<number>
}

/** How what sessions say together is kept. */
export interface AnalyticsSettings {
  /** Where facts of sessions are kept, and summed up (default: each question reads the sessions, and nothing is kept). */
  log?: AnalyticsLog
}
