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
 * The input of a turn: the user's text, or a message with parts, an id or metadata; or results and approvals, as
 * parts, of a tool that runs outside of turns, such as in a client.
 */
export type TurnInput = string | (Omit<MessageInput, 'role' | 'status'> & { role?: 'user' | 'tool' })

/** Options of one turn. */
export interface TurnOptionsOf<Handle extends TurnHandle, Inputs = Readonly<Record<string, unknown>>> {
  /**
   * Names the attempt: the same key with the same input again gives the same answer, and the model is called once
   * (default: each call is an attempt of its own, unless the input has an id).
   */
  key?: string | undefined
  /** The turn runs only while the session is at this revision; otherwise `conflict` (default: at any revision). */
  ifRevision?: number | undefined
  /** Default: that of the service. */
  policy?: NonNullable<TurnSettings['policy']> | undefined
  /** The tools that the model may call, by name (default: none). */
  tools?: ToolsOf<Handle, Inputs> | Readonly<Record<string, never>> | undefined
  /** Passed to `respond` as they are (default: an empty object). */
  options?: JsonObject | undefined
  /** When it is aborted, a running turn is cancelled, and a waiting message is withdrawn (default: none). */
  signal?: AbortSignal | undefined
  /**
   * Reuses an answer of this session, without a model, for the same question with the same state, preferences and
   * cart, when the answer is at most `ttlMs` milliseconds old (default: never).
   */
  reuse?: { ttlMs: number } | undefined
  /**
   * The turn first goes back to just after this `seq`, in the same commit: to answer a message again, or to edit it.
   * The message may have the id of the earlier one. Later messages stay as a branch. 0 goes back to the start
   * (default: the turn continues at the end).
   */
  from?: number | undefined
}

/** What a turn needs from its session. */
export interface TurnSurroundings<Handle extends TurnHandle> {
  readonly live: LiveSession
  readonly session: Handle
  readonly contextWith: (
    options: SessionContextOptions,
    pending: readonly MessageInput[],
  ) => Promise<BuiltContext>
  /** Called with the first appended message, for histories that expire. */
  readonly appended: (message: { readonly seq: number; readonly at: number }) => Promise<void>
}

/** The arguments of a turn. */
export interface TurnRequest<Handle extends TurnHandle> extends TurnOptionsOf<Handle> {
  /** Undefined to answer the newest message, or to continue after it. */
  readonly message: MessageInput | undefined
  readonly respond: RespondOf<Handle>
}

/** A turn that has begun, here or in another process. */
export interface OngoingTurn {
  readonly started: TurnStarted
  readonly result: Promise<TurnResult>
  /** True when the model was not called: a repeat, or a reused answer. */
  readonly isRepeat: boolean
  readonly events: (after: number) => AsyncGenerator<TurnEvent, void, undefined>
  readonly stop: (reason: TurnAbortReason) => Promise<void>
}
