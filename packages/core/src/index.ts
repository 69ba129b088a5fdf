/**
 * The service, its sessions and turns, and the store in memory: what every application imports.
 *
 * @packageDocumentation
 */
export { memoryBus } from './bus/memory-bus.js'
export { type MemoryStoreOptions, memoryStore } from './contract/memory/memory-store.js'
export type { SessionRecord, SessionRef } from './contract/session-record.js'
export type { AppendedMessage, Page, SessionStore } from './contract/session-store.js'
export {
  type Cart,
  type CartItem,
  type CartItemInput,
  type Money,
  type Order,
  cartTotal,
  itemCount,
} from './domain/cart.js'
export type {
  SessionEvent,
  SessionEventDetails,
  SessionEventType,
  SessionListener,
  TransferEvent,
  TurnAbortReason,
} from './domain/events.js'
export type { Identity } from './domain/identity.js'
export { type Message, type MessageInput, type MessageStatus, type Role, textOf } from './domain/message.js'
export type { HistoryOptions, HistoryPage } from './domain/path.js'
export type { Branch, CartCounts, Lineage, SeqRange, Summary } from './domain/session-body.js'
export type { SessionInfo } from './domain/session-info.js'
export type { TransferMode } from './domain/transfer.js'
export { SessionError, type SessionErrorCode, type SessionErrorDetails, isSessionError } from './errors.js'
export { newId } from './ids.js'
export { type JsonObject, type JsonValue, isJsonObject } from './json.js'
export type { ChangeOptions } from './service/change-options.js'
export { type CopyReport, type CopySessionsOptions, copySessions } from './service/copy-sessions.js'
export type { SessionInit } from './service/create-session.js'
export type {
  ContextSettings,
  LimitSettings,
  SessionWarning,
  SessionsOptions,
  TtlSettings,
  TurnBudget,
  TurnSettings,
} from './service/settings.js'
export type { TransferSettings } from './service/transfer-settings.js'
export type { Respond, Session, Tool, ToolContext, Tools, TurnContext, TurnOptions } from './session.js'
export type { SessionCart } from './session/cart.js'
export type { SessionContents } from './session/contents.js'
export type { ForkOptions } from './session/fork.js'
export type { SessionPreferences, SessionState } from './session/state.js'
export type { LiveUpdate } from './session/subscribe.js'
export type {
  CallerSessions,
  CreateOptions,
  DraftOptions,
  RedeemOptions,
  Redemption,
} from './caller-sessions.js'
export { type Sessions, createSessions } from './sessions.js'
export type { CountOptions, ListOptions } from './service/list-scope.js'
export type { SessionTtl } from './service/lifetime.js'
export type { Sweeping } from './service/sweep-every.js'
export type { TransferOptions } from './transfer/options.js'
export type { SessionPreview, TransferDescription, TransferKey } from './transfer/redemption.js'
export type { StartedTransfer, TransferStatus } from './transfer/start.js'
export type { TurnEnded, TurnEvent, TurnResult, TurnStarted } from './turn/event.js'
export type { TurnDocument, TurnPart } from './turn/part.js'
export type { TurnUsage } from './turn/usage.js'
export type { MessagePart } from './domain/part.js'
export type { RewindOptions } from './turn/leave-branch.js'
export type { TurnInput } from './turn/request.js'
export type { ToolDescription } from './turn/responder.js'
export type { Turn } from './turn/turn.js'
