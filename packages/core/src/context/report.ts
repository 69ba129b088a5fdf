import type { ModelMessage } from './groups.js'
import type { ContextBoundary, ContextChoice, ContextSituation } from './strategy.js'
import type { Repair } from './tool-calls.js'

/** What a message of the context is there for. */
export type ContextPart = 'system' | 'facts' | 'summary' | 'history' | 'recall' | 'query'

/** One message for the model. */
export interface ContextMessage extends ModelMessage {
  readonly part: ContextPart
}

/** What is in a context and what is not, for logs, dashboards and tests. Plain data. */
export interface ContextReport {
  readonly strategy: string
  /** Tokens by part. `reply` is kept free for the answer and is not part of the context's `tokens`. */
  readonly tokens: Readonly<Record<ContextPart | 'reply', number>>
  /** What is in: seqs of history and of what is quoted, ids of facts, stretches that are summed up. */
  readonly kept: {
    readonly history: readonly number[]
    readonly recall: readonly number[]
    readonly facts: readonly string[]
    readonly summaries: readonly { readonly from: number; readonly to: number }[]
  }
  /** Stretches of the log that are out, and why. */
  readonly dropped: readonly DroppedRange[]
  /** Ids of the facts there was no room for. */
  readonly droppedFacts: readonly string[]
  /** Where the log was not as providers want it, and what was done. */
  readonly repairs: readonly Repair[]
  /** Where the window begins; hand it in with the next call. Absent when the strategy keeps none. */
  readonly boundary?: ContextBoundary
  /** True when the window begins elsewhere than before, so the provider's cache of the prompt starts anew. */
  readonly boundaryMoved: boolean
  /** Of the beginning of the prompt. While it stays the same, history only grew at its end. */
  readonly prefixHash: string
  /** Tokens before anything that depends on the query: what the next call can find in the provider's cache. */
  readonly prefixTokens: number
}

/** A stretch of the log that is not in a context. */
export interface DroppedRange {
  readonly from: number
  readonly to: number
  /** Messages of the path in between. */
  readonly messages: number
  /** `no-question`: an answer at the beginning whose question is out, which some providers refuse. */
  readonly why: 'summarized' | 'outside-window' | 'no-question'
}

/** What was left out, as ranges, and why. */
export function droppedRanges(
  { groups, choice }: ContextSituation & { readonly choice: ContextChoice },
  kept: ReadonlySet<number>,
  unasked: ReadonlySet<number>,
): readonly DroppedRange[] {
  const summaries = choice.summaries ?? []
  const ranges: { from: number; to: number; messages: number; why: DroppedRange['why'] }[] = []
  let last = -2
  for (let index = 0; index < groups.length; index++) {
    if (kept.has(index)) continue
    const seqs = groups[index]!.seqs
    const from = seqs[0]!
    const to = seqs.at(-1)!
    const isTold = summaries.some((summary) => summary.from <= from && to <= summary.to)
    const why = isTold ? 'summarized' : unasked.has(index) ? 'no-question' : 'outside-window'
    const range = ranges.at(-1)
    if (range !== undefined && range.why === why && last === index - 1) {
      range.to = Math.max(range.to, to)
      range.messages += seqs.length
    } else {
      ranges.push({ from, to, messages: seqs.length, why })
    }
    last = index
  }
  return ranges
}
