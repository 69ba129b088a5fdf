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
export type { BuiltContext } from './context/lay-out.js'
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
export type { HistoryOptions, HistoryPage } from './history.js'
export type { Identity } from './identity.js'
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
  SessionLimits,
  SessionsOptions,
  SessionTtl,
  SessionTurnOptions,
  SessionWarning,
} from './session-options.js'
export type { SessionContextOptions } from './session-context.js'
export type { SessionContents } from './session-contents.js'
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
export type { Turn } from './turn.js'
export type { TurnEnded, TurnEvent, TurnResult, TurnStarted } from './turn-event.js'
export type { TurnDocument, TurnPart, TurnUsage } from './turn-part.js'
export type { ToolDescription } from './turn-responder.js'
export type { TurnInput } from './turn-request.js'
