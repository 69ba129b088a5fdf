/** What a million tokens cost: decimal texts, such as `'0.05'`, of at most six places after the point. */
export interface TokenPrices {
  /** Input tokens that neither were read from the provider's cache nor written to it. */
  input: string
  /** Output tokens. */
  output: string
  /** Input tokens that the provider read from its cache (default: as `input`). */
  cacheRead?: string
  /** Input tokens that the provider wrote to its cache (default: as `input`). */
  cacheWrite?: string
  /** Output tokens that were reasoning (default: as `output`). */
  reasoning?: string
}

/**
 * What a model costs. Of all prices that fit a turn, the most exact one holds: `model` goes before `pattern`, a longer
 * pattern before a shorter one, with `provider` before without; then the latest `from`, then the largest
 * `aboveInputTokens`, then the later one in the list.
 */
export interface ModelPrice {
  /** As turns name it; a turn that names no provider fits no price that names one (default: any provider). */
  provider?: string
  /** The model, as turns name it. Either this or `pattern`. */
  model?: string
  /** Several models, `*` for any characters: `gpt-5-*`. Either this or `model`. */
  pattern?: string
  /** From when it holds: a date, or a date and a time with a zone, as of ISO 8601; dates are UTC (default: always). */
  from?: string
  /** Holds for turns with more input tokens than this (default: for all). */
  aboveInputTokens?: number
  /** ISO 4217, such as `USD`. */
  currency: string
  /** What a million tokens cost. */
  perMillion: TokenPrices
}

/** What a turn cost. */
export interface UsageCost {
  /** A decimal text, exact, such as `0.000315`. */
  readonly amount: string
  /** ISO 4217. */
  readonly currency: string
  /** Who says so: the application reported `costMicros`, or the table of prices has the model. */
  readonly by: 'host' | 'prices'
  /** The `from` of the price, where it has one. */
  readonly from?: string | undefined
}

/** What one turn used. Holds nothing that was said. */
export interface UsageEvent {
  /** The id of the turn: a log keeps each once. */
  readonly id: string
  /** When its reply was stored, epoch ms, by the store's clock; of a lost turn an estimate of it. */
  readonly at: number
  /** Stands for the user, if there was one. */
  readonly user?: string | undefined
  /** The session, unless its user was erased, or did not let it be stored. */
  readonly sessionId?: string | undefined
  /** The label of the session, as it was then. */
  readonly label?: string | undefined
  /** How the turn ended; `lost` when its reply could not be stored, or its process died. */
  readonly outcome: 'completed' | 'failed' | 'aborted' | 'lost'
  /** As the answer has told. */
  readonly provider?: string | undefined
  /** As the provider named it. */
  readonly model?: string | undefined
  /** All input tokens, those from the provider's cache included. */
  readonly inputTokens: number
  /** All output tokens, reasoning included. */
  readonly outputTokens: number
  /** Part of the input: read from the cache of the provider. */
  readonly cachedInputTokens?: number | undefined
  /** Part of the input: written to that cache. */
  readonly cacheWriteTokens?: number | undefined
  /** Part of the output. */
  readonly reasoningTokens?: number | undefined
  /** Absent when nobody knows it: the turn is unpriced. */
  readonly cost?: UsageCost | undefined
}

/** A span of time of one tenant. */
export interface UsageSpan {
  /** The tenant. */
  readonly tenantId: string
  /** Epoch ms, inclusive. */
  readonly from: number
  /** Epoch ms, exclusive. */
  readonly to: number
}

/**
 * Where usage is kept. A log that only passes events on has nothing but `append`; then `usage` and `reprice` are refused
 * as `invalid`.
 */
export interface UsageLog {
  /**
   * Keeps events, each once by its id: what it knows already stays as it is. Settles when they are stored.
   *
   * @returns How many it did not know.
   */
  append(tenantId: string, events: readonly UsageEvent[]): Promise<number>
  /** Events of a span, in any order, in pages of a bounded size. */
  read?(span: UsageSpan): AsyncIterable<readonly UsageEvent[]>
  /**
   * Puts in place of each event of a span what `change` makes of it; the same event leaves it as it is. Id and time never
   * change.
   *
   * @returns How many it changed.
   */
  rewrite?(span: UsageSpan, change: (event: UsageEvent) => UsageEvent): Promise<number>
  /** Takes user, session and label out of the events of a user (default: by `rewrite`). @returns Of how many. */
  forget?(tenantId: string, user: string): Promise<number>
  /** Sums of a span, by groups in any order (default: by `read`). */
  group?(grouping: UsageGrouping): Promise<readonly UsageGroup[]>
  /** Removes up to `limit` events, or days of them, that are older than a moment. @returns How many. */
  prune?(tenantId: string, before: number, limit: number): Promise<number>
  /** Settles when it has sent what it kept. */
  flush?(): Promise<void>
}

/** What turns used is kept, and told what it cost. */
export interface UsageSettings {
  /** Where it is kept (default: `storeUsageLog` over the service's store). */
  log?: UsageLog
  /** What models cost (default: none; a turn whose cost the application does not report is unpriced). */
  prices?: readonly ModelPrice[]
  /** The currency of `costMicros`, which turns report and budgets limit, ISO 4217 (default: that of the first price, else `USD`). */
  currency?: string
}

/** By what usage is grouped. */
export type UsageKey = 'user' | 'session' | 'provider' | 'model' | 'label'

/** Which usage is asked for, and how it is grouped. */
export interface UsageQuery {
  /** The tenant. */
  tenantId: string
  /** What each group is of (default: one group of all). */
  by?: readonly UsageKey[]
  /** A group for each hour, or each day, in UTC, beside `by` (default: none). */
  bucket?: 'hour' | 'day'
  /** From when, epoch ms, inclusive (default: the first event). */
  from?: number
  /** Until when, epoch ms, exclusive (default: the last event). */
  to?: number
  /** Of this user alone (default: of everybody). */
  userId?: string
  /** Of this session alone (default: of all). */
  sessionId?: string
}

/** A query with its defaults, for a log. */
export interface UsageGrouping extends UsageSpan {
  /** A group for each combination of these. */
  readonly by: readonly UsageKey[]
  /** And for each of these spans, in UTC (default: one for all time). */
  readonly bucket?: 'hour' | 'day' | undefined
  /** What stands for the user. */
  readonly user?: string | undefined
  /** Only this session (default: all). */
  readonly sessionId?: string | undefined
  /** With more groups than this the log may stop. */
  readonly maxGroups: number
}

/** What several turns used. */
export interface UsageTotals {
  /** Turns that have ended. */
  readonly turns: number
  /** Turns whose cost nobody knows; `costs` is without them. */
  readonly unpriced: number
  /** Tokens that models have read. */
  readonly inputTokens: number
  /** Tokens that models have written. */
  readonly outputTokens: number
  /** Of the input tokens. */
  readonly cachedInputTokens: number
  /** Of the input tokens. */
  readonly cacheWriteTokens: number
  /** Of the output tokens. */
  readonly reasoningTokens: number
  /** By currency: decimal texts, exact. */
  readonly costs: Readonly<Record<string, string>>
}

/** What the turns of a group used. A name is absent where the turns have none. */
export interface UsageGroup extends UsageTotals {
  /** Stands for the user. */
  readonly user?: string | undefined
  /** If grouped by it. */
  readonly sessionId?: string | undefined
  /** If grouped by it; absent for turns that told none. */
  readonly provider?: string | undefined
  /** If grouped by it; absent for turns that told none. */
  readonly model?: string | undefined
  /** If grouped by it: that of the session. */
  readonly label?: string | undefined
  /** When the hour or the day begins, epoch ms. */
  readonly at?: number | undefined
}

/** What a tenant used. */
export interface UsageReport {
  /** In the order of their times, then of their names. */
  readonly groups: readonly UsageGroup[]
  /** All groups together. */
  readonly total: UsageTotals
}
