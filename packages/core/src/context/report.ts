import type { ModelMessage } from './groups.js'
import type { ContextBoundary, ContextChoice, ContextSituation } from './strategy.js'
import type { Repair } from './tool-calls.js'

/** The purpose of a message in the context. */
export type ContextPart =
  | 'system'
  | 'facts'
  | 'summary'
  | 'history'
  | 'memory'
  | 'preferences'
  | 'cart'
  | 'state'
  | 'recall'
  | 'query'

/** Data that a context can show: what is remembered of the user, and parts of the session. */
export type IncludedPart = 'memory' | 'preferences' | 'cart' | 'state'

/**
 * One message for the model. Blocks next to a message of the user are text parts at its beginning; `part` is then the
 * purpose of the message itself.
 */
export interface ContextMessage extends ModelMessage {
  /** Why it is there. */
  readonly part: ContextPart
}

/** What is in a context and what is not, for logs, dashboards and tests. Plain data. */
export interface ContextReport {
  /** Its name. */
  readonly strategy: string
  /** Tokens by part. `tools` and `reply`, the room for the answer, are not part of the context's `tokens`. */
  readonly tokens: Readonly<Record<ContextPart | 'tools' | 'reply', number>>
  /** What is in the context: seqs of history and of quotes, ids of facts, ranges that are summed up. */
  readonly kept: {
    /** The seqs of messages in their places. */
    readonly history: readonly number[]
    /** The seqs of messages that are quoted. */
    readonly recall: readonly number[]
    /** The ids of facts. */
    readonly facts: readonly string[]
    /** The ranges that summaries stand for. */
    readonly summaries: readonly { readonly from: number; readonly to: number }[]
    /**
     * Data of the session; `isCut` when it was longer than a quarter of the remaining room, and was cut to its
     * beginning.
     */
    readonly included: readonly { readonly part: IncludedPart; readonly isCut: boolean }[]
  }
  /** Ranges of the log that are left out, and why. */
  readonly dropped: readonly DroppedRange[]
  /** Ids of the facts that did not fit. */
  readonly droppedFacts: readonly string[]
  /** Where the log did not fit the rules of providers, and how it was repaired. */
  readonly repairs: readonly Repair[]
  /** Where the window begins; pass it to the next call. Absent when the strategy has no window. */
  readonly boundary?: ContextBoundary
  /** True when the window begins elsewhere than before, so the provider's cache of the prompt starts again. */
  readonly boundaryMoved: boolean
  /** A hash of the beginning of the prompt. While it stays the same, history only grew at its end. */
  readonly prefixHash: string
  /** Tokens before the parts that depend on the query: the part that the next call can find in the provider's cache. */
  readonly prefixTokens: number
}

/** A range of the log that is not in a context. */
export interface DroppedRange {
  /** The seq of the first message. */
  readonly from: number
  /** The seq of the last one. */
  readonly to: number
  /** Number of messages of the path in the range. */
  readonly messages: number
  /** `no-question`: an answer at the beginning whose question is left out, which some providers refuse. */
  readonly why: 'summarized' | 'outside-window' | 'no-question'
}

// A message takes far below a microsecond.
const messagesPerStep = 500

/** The messages that were left out, as ranges, and why; found step by step. */
export function* droppedRanges(
  layout: ContextSituation & { readonly choice: ContextChoice },
  isKept: (group: number) => boolean,
  unasked: ReadonlySet<number>,
): Generator<void, readonly DroppedRange[]> {
  const { groups, choice, messages, seqs, isWhole } = layout
  const summaries = choice.summaries ?? []
  const ranges: { from: number; to: number; messages: number; why: DroppedRange['why'] }[] = []
  let isOpen = false
  const add = (from: number, to: number, count: number, why: DroppedRange['why']): void => {
    const range = ranges.at(-1)
    if (isOpen && range !== undefined && range.why === why) {
      range.to = Math.max(range.to, to)
      range.messages += count
    } else {
      ranges.push({ from, to, messages: count, why })
    }
    isOpen = true
  }
  const whyOf = (from: number, to: number): DroppedRange['why'] =>
    summaries.some((summary) => summary.from <= from && to <= summary.to) ? 'summarized' : 'outside-window'

  // Messages that were not read at all lie between the groups.
  const present = new Set(isWhole ? [] : messages.map(({ seq }) => seq))
  let next = 0
  const addMissing = function* (before: number): Generator<void, void> {
    if (isWhole) return
    for (; next < seqs.length && seqs[next]! < before; next++) {
      if (next % messagesPerStep === 0) yield
      const seq = seqs[next]!
      if (!present.has(seq)) add(seq, seq, 1, whyOf(seq, seq))
    }
  }
  for (let index = 0; index < groups.length; index++) {
    if (index % messagesPerStep === 0) yield
    const group = groups[index]!
    const from = group.seqs[0]!
    const to = group.seqs.at(-1)!
    yield* addMissing(from)
    if (isKept(index)) isOpen = false
    else {
      const why = whyOf(from, to)
      add(from, to, group.seqs.length, why !== 'summarized' && unasked.has(index) ? 'no-question' : why)
    }
  }
  yield* addMissing(Number.POSITIVE_INFINITY)
  return ranges
}
