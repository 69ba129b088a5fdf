/**
 * What builds a context out of messages, for code that does so by itself or brings a strategy of its own.
 *
 * @packageDocumentation
 */
export {
  type ContextInput,
  type ContextOptions,
  type PartialHistory,
  buildContext,
} from './context/build-context.js'
export type { FactInput } from './domain/facts.js'
export type { Fact } from './domain/session-body.js'
export type { Topic } from './domain/topics.js'
export { type ContextLimit, compose, within } from './context/compose.js'
export { defaultStrategy } from './context/default-strategy.js'
export type { Embed } from './context/embed.js'
export { extractFacts, facts } from './context/facts.js'
export type { MessageGroup, ModelMessage } from './context/groups.js'
export type { IncludedData } from './context/included.js'
export type { BuiltContext } from './context/lay-out.js'
export {
  type QueryKind,
  type TokenBudgetSplit,
  pinned,
  queryKind,
  select,
  tokenBudget,
} from './context/pick.js'
export {
  type Relevance,
  type RelevanceIndex,
  type RelevanceQuery,
  createRelevanceIndex,
} from './context/relevance-index.js'
export { type RelevanceOptions, relevance } from './context/relevance.js'
export type {
  ContextMessage,
  ContextPart,
  ContextReport,
  DroppedRange,
  IncludedPart,
} from './context/report.js'
export type {
  ContextBoundary,
  ContextChoice,
  ContextNeeds,
  ContextSituation,
  ContextStrategy,
} from './context/strategy.js'
export { type SummaryOptions, type SummaryPlan, type WriteSummary, summarize } from './context/summary.js'
export { type CountTokens, estimateTokens } from './context/token-count.js'
export type { Repair } from './context/tool-calls.js'
export {
  type SlidingWindowOptions,
  type StableWindowOptions,
  slidingWindow,
  stableWindow,
} from './context/window.js'
export type { CompactOptions, Compaction } from './session/compaction.js'
export type { SessionContextOptions } from './session/context.js'
