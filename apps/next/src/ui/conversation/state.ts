import type { MessageView } from '../wire.ts'
import type { Piece } from './pieces.ts'

/** A message that is being sent: shown at once, kept until the server has it. */
export interface Outgoing {
  /** Id of the message, and the key that makes sending it again harmless. */
  readonly id: string
  readonly text: string
  /** The conversation first goes back to just after this message; later messages become another version. */
  readonly after?: number
  readonly at: string
  readonly status: 'sending' | 'failed'
  /** Why it failed, in a sentence. */
  readonly problem?: string
}

/** An answer that is being written. */
export interface LiveAnswer {
  readonly turnId: string
  /** Id of the message that it answers. */
  readonly messageId: string
  /** Id that its own message will have. */
  readonly replyId: string
  readonly pieces: readonly Piece[]
  /** The place to continue from after a broken connection. */
  readonly lastEventId: string
  readonly status: 'writing' | 'stopping' | 'ended'
  /** Why it ended early, in a sentence. */
  readonly problem?: string
}

export interface ConversationState {
  /** Messages of the active branch, oldest first; the newest ones, as far back as they are loaded. */
  readonly messages: readonly MessageView[]
  /** The cursor of older messages; undefined at the beginning. */
  readonly earlier: number | undefined
  readonly outgoing: Outgoing | undefined
  readonly answer: LiveAnswer | undefined
}

export interface Started {
  readonly turnId: string
  readonly messageId: string
  readonly seq: number
  readonly replyId: string
}

export type ConversationAction =
  /** The newest messages now. */
  | { type: 'page'; messages: readonly MessageView[]; earlier: number | undefined }
  | { type: 'older'; messages: readonly MessageView[]; earlier: number | undefined }
  | { type: 'send'; outgoing: Outgoing }
  | { type: 'refused'; problem: string }
  | { type: 'discard' }
  | { type: 'started'; started: Started; eventId: string }
  | { type: 'text'; text: string; eventId: string }
  | { type: 'tool'; id: string; name: string; eventId: string }
  | { type: 'tool-result'; id: string; isError: boolean; eventId: string }
  | { type: 'stopping' }
  | { type: 'ended'; problem?: string }
  /** The turn is gone from the server: the log has the stored part of the answer. */
  | { type: 'lost' }

export function initialState(
  messages: readonly MessageView[],
  earlier: number | undefined,
): ConversationState {
  return { messages, earlier, outgoing: undefined, answer: undefined }
}
