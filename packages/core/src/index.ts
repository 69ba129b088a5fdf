export type { SessionInfo } from './analytics.js'
export {
  type Cart,
  type CartItem,
  type CartItemInput,
  cartTotal,
  type Money,
  type Order,
  pieces,
} from './cart.js'
export { buildContext, type ContextInput, type ContextOptions } from './context/build-context.js'
export { compose, type ContextLimit, within } from './context/compose.js'
export { defaultStrategy } from './context/default-strategy.js'
export type { Embed } from './context/embed.js'
export { extractFacts, facts } from './context/facts.js'
export type { BuiltContext } from './context/lay-out.js'
export {
  pinned,
  queryKind,
  type QueryKind,
  select,
  tokenBudget,
  type TokenBudgetSplit,
} from './context/pick.js'
export { relevance, type RelevanceOptions } from './context/relevance.js'
export {
  createRelevanceIndex,
  type Relevance,
  type RelevanceIndex,
  type RelevanceQuery,
} from './context/relevance-index.js'
export type { ContextMessage, ContextPart, ContextReport, DroppedRange } from './context/report.js'
export type { ContextBoundary, ContextChoice, ContextSituation, ContextStrategy } from './context/strategy.js'
export { summarize, type SummaryOptions, type SummaryPlan, type WriteSummary } from './context/summary.js'
export {
  slidingWindow,
  type SlidingWindowOptions,
  stableWindow,
  type StableWindowOptions,
} from './context/window.js'
export { type CountTokens, estimateTokens } from './context/token-count.js'
export {
  isSessionError,
  SessionError,
  type SessionErrorCode,
  sessionErrorCodes,
  type SessionErrorDetails,
} from './errors.js'
export type {
  SessionEvent,
  SessionEventDetails,
  SessionEventType,
  SessionListener,
  TurnAbortReason,
} from './events.js'
export type { FactInput } from './fact-input.js'
export type { HistoryOptions, HistoryPage } from './history.js'
export type { Identity } from './identity.js'
export { createSessionApi, type SessionApi } from './http/api.js'
export type {
  ApiMiddleware,
  CorsOptions,
  RateLimiter,
  RequestContext,
  SessionApiOptions,
} from './http/api-options.js'
export { newId } from './ids.js'
export { isJsonObject, type JsonObject, type JsonValue, mergePatch } from './json.js'
export {
  type Message,
  type MessageInput,
  type MessagePart,
  type MessageStatus,
  type Role,
  textOf,
} from './message.js'
export type { SessionInit } from './session-creation.js'
export type { Branch, CartCounts, Fact, Lineage, SeqRange, Summary } from './session-body.js'
export type { ChangeOptions, SessionCart } from './session-cart.js'
export type {
  SessionContextSettings,
  SessionLimits,
  SessionsOptions,
  SessionTtl,
  SessionTurnOptions,
  SessionWarning,
  TurnBudget,
} from './session-options.js'
export type { Compaction, CompactOptions } from './session-compaction.js'
export type { SessionContextOptions } from './session-context.js'
export type { SessionContents } from './session-contents.js'
export type { StartedTransfer, TransferStatus } from './session-transfer.js'
export type { Session } from './session.js'
export type { Respond, Tool, ToolContext, Tools, TurnContext, TurnOptions } from './session-turns.js'
export {
  createSessions,
  type CreateOptions,
  type DraftOptions,
  type ForkOptions,
  type ListOptions,
  type Sessions,
  type SessionsOfCaller,
} from './sessions.js'
export type { AppendedMessage, Page, SessionRecord, SessionRef, SessionStore } from './store.js'
export { memoryStore, type MemoryStoreOptions } from './stores/memory-store.js'
export type { Topic } from './topics.js'
export { toTransferUrl, type TransferMode } from './transfer-code.js'
export type { TransferOptions, TransferSettings } from './transfer-options.js'
export type { RedeemOptions, Redemption } from './transfer-redeem.js'
export type { SessionSummary, TransferDescription, TransferKey } from './transfer-redemption.js'
export type { Turn } from './turn/turn.js'
export type { TurnEnded, TurnEvent, TurnResult, TurnStarted } from './turn/event.js'
export type { TurnDocument, TurnPart, TurnUsage } from './turn/part.js'
export type { ToolDescription } from './turn/responder.js'
export type { TurnInput } from './turn/request.js'
