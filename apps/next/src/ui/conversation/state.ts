import type { MessageView } from '../wire.ts'
import type { Piece } from './pieces.ts'

/** A message on its way: shown at once, kept until the server has it. */
export interface Outgoing {
  /** Of the message, and the key that makes sending it again harmless. */
  readonly id: string
  readonly text: string
  /** The conversation goes back to just after this message first; what came later becomes another version. */
  readonly after?: number
  readonly at: string
  readonly status: 'sending' | 'failed'
  /** Why it failed, in a sentence. */
  readonly problem?: string
}

/** An answer that is being written. */
export interface LiveAnswer {
  readonly turnId: string
  /** Of the message it answers. */
  readonly messageId: string
  /** What its own message is going to be called. */
  readonly replyId: string
  readonly pieces: readonly Piece[]
  /** Where to go on after a broken connection. */
  readonly lastEventId: string
  readonly status: 'writing' | 'stopping' | 'ended'
  /** Why it ended early, in a sentence. */
  readonly problem?: string
}

export interface ConversationState {
  /** Of the branch the conversation is on, oldest first; the newest ones, as far back as was loaded. */
  readonly messages: readonly MessageView[]
  /** Where older messages are found; undefined at the beginning. */
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
  /** The newest messages, as they are now. */
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
  /** Nobody knows of the answer any more: the log says what there is of it. */
  | { type: 'lost' }

export function initialState(
  messages: readonly MessageView[],
  earlier: number | undefined,
): ConversationState {
  return { messages, earlier, outgoing: undefined, answer: undefined }
}
