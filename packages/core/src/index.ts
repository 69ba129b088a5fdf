export type { SessionInfo } from './domain/session-info.js'
export {
  type Cart,
  type CartItem,
  type CartItemInput,
  cartTotal,
  type Money,
  type Order,
  itemCount,
} from './domain/cart.js'
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
} from './domain/events.js'
export type { FactInput } from './domain/facts.js'
export type { HistoryOptions, HistoryPage } from './domain/path.js'
export type { Identity } from './domain/identity.js'
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
} from './domain/message.js'
export type { SessionInit } from './service/create-session.js'
export type { Branch, CartCounts, Fact, Lineage, SeqRange, Summary } from './domain/session-body.js'
export type { ChangeOptions } from './service/change-options.js'
export type { SessionCart } from './session/cart.js'
export type {
  ContextSettings,
  LimitSettings,
  SessionsOptions,
  TtlSettings,
  TurnSettings,
  SessionWarning,
  TurnBudget,
} from './service/settings.js'
export type { Compaction, CompactOptions } from './session/compaction.js'
export type { SessionContextOptions } from './session/context.js'
export type { SessionContents } from './session/contents.js'
export type { StartedTransfer, TransferStatus } from './transfer/start.js'
export type { Session } from './session.js'
export type { Respond, Tool, ToolContext, Tools, TurnContext, TurnOptions } from './session.js'
export {
  createSessions,
  type CreateOptions,
  type DraftOptions,
  type ListOptions,
  type RedeemOptions,
  type Redemption,
  type Sessions,
  type CallerSessions,
} from './sessions.js'
export type { AppendedMessage, Page, SessionStore } from './contract/session-store.js'
export type { SessionRecord, SessionRef } from './contract/session-record.js'
export { memoryStore, type MemoryStoreOptions } from './contract/memory/memory-store.js'
export type { Topic } from './domain/topics.js'
export { toTransferUrl } from './transfer/code.js'
export type { TransferMode } from './domain/transfer.js'
export type { TransferOptions } from './transfer/options.js'
export type { TransferSettings } from './service/transfer-settings.js'
export type { SessionPreview, TransferDescription, TransferKey } from './transfer/redemption.js'
export type { Turn } from './turn/turn.js'
export type { TurnEnded, TurnEvent, TurnResult, TurnStarted } from './turn/event.js'
export type { TurnDocument, TurnPart, TurnUsage } from './turn/part.js'
export type { ToolDescription } from './turn/responder.js'
export type { TurnInput } from './turn/request.js'
export type { ForkOptions } from './session/fork.js'
