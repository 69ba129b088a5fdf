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
export type { SessionEvent, SessionEventDetails, SessionEventType, SessionListener } from './events.js'
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
export type { SessionLimits, SessionsOptions, SessionTtl, SessionWarning } from './session-options.js'
export type { Session, SessionContextOptions } from './session.js'
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
