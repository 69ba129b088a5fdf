import type { BuiltContext } from '../context/lay-out.js'
import type { TurnAbortReason } from '../domain/events.js'
import type { JsonObject } from '../json.js'
import type { LiveSession } from '../service/live-session.js'
import type { MessageInput } from '../domain/message.js'
import type { SessionContextOptions } from '../session/context.js'
import type { TurnSettings } from '../service/settings.js'
import type { TurnEvent, TurnResult, TurnStarted } from './event.js'
import type { RespondOf, ToolsOf, TurnHandle } from './responder.js'

/**
 * What is to be answered: what the user says, as a text or as a message with parts, an id or metadata; or what a tool
 * gave back that runs outside of turns, such as a client's, with its results or approvals as parts.
 */
export type TurnInput = string | (Omit<MessageInput, 'role' | 'status'> & { role?: 'user' | 'tool' })

/** How one turn is run. */
export interface TurnOptionsOf<Handle extends TurnHandle> {
  /**
   * Names the attempt: the same key with the same input again gives the same answer, and the model is asked once
   * (default: each call is an attempt of its own, unless the input has an id).
   */
  key?: string | undefined
  /** Only while the session is at this revision; otherwise `conflict` (default: whatever it is at). */
  ifRevision?: number | undefined
  /** Default: that of the service. */
  policy?: NonNullable<TurnSettings['policy']> | undefined
  /** What the model may call, by name (default: nothing). */
  tools?: ToolsOf<Handle> | undefined
  /** Handed to `respond` as they are (default: an empty object). */
  options?: JsonObject | undefined
  /** When it is aborted, the turn is cancelled, or taken back while it waits (default: none). */
  signal?: AbortSignal | undefined
  /**
   * Gives an answer of this session again, without a model, to the same question asked with the same state,
   * preferences and cart, when it is at most `ttlMs` milliseconds old (default: never).
   */
  reuse?: { ttlMs: number } | undefined
  /**
   * Goes back to just after this place in the log first, in the same commit: to answer a message anew or in other words.
   * The message may have the id it had. What came later stays as a branch. 0 goes back to the start (default: goes on
   * at the end).
   */
  from?: number | undefined
}

/** What a turn needs of the session it is in. */
export interface TurnSurroundings<Handle extends TurnHandle> {
  readonly live: LiveSession
  readonly session: Handle
  readonly contextWith: (
    options: SessionContextOptions,
    pending: readonly MessageInput[],
  ) => Promise<BuiltContext>
  /** Told of the first message that was appended, for histories that expire. */
  readonly appended: (message: { readonly seq: number; readonly at: number }) => Promise<void>
}

/** A turn as it was asked for. */
export interface TurnRequest<Handle extends TurnHandle> extends TurnOptionsOf<Handle> {
  /** Undefined to answer the newest message, or to go on after it. */
  readonly message: MessageInput | undefined
  readonly respond: RespondOf<Handle>
}

/** A turn that has begun, here or elsewhere. */
export interface OngoingTurn {
  readonly started: TurnStarted
  readonly result: Promise<TurnResult>
  /** True when the model was not asked: a repeat, or a reused answer. */
  readonly isRepeat: boolean
  readonly events: (after: number) => AsyncGenerator<TurnEvent, void, undefined>
  readonly stop: (reason: TurnAbortReason) => Promise<void>
}
