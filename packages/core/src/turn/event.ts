import type { SessionErrorCode } from '../errors.js'
import type { TurnAbortReason } from '../domain/events.js'
import type { Message } from '../domain/message.js'
import { textOf } from '../domain/message.js'
import type { TurnPart } from './part.js'
import { noUsage, type TurnUsage } from './usage.js'

/** The message is stored, and this turn is the only one of its session. */
export interface TurnStarted {
  /** The first event of a turn. */
  readonly type: 'started'
  /** Names the turn. */
  readonly turnId: string
  /** The message that is answered, and its seq. */
  readonly messageId: string
  /** Its place in the log. */
  readonly seq: number
  /** The id that the reply will have. */
  readonly replyId: string
}

/** The reply is stored, whole or as far as it came. No event follows. */
export interface TurnEnded {
  /** How it ended. */
  readonly type: 'completed' | 'failed' | 'aborted'
  /** Where the reply begins and ends in the log; both 0 when it could not be stored. */
  readonly from: number
  /** The `seq` of the last message of the reply; 0 when it could not be stored. */
  readonly to: number
  /** What it used of the model. */
  readonly usage: TurnUsage
  /** Why the model stopped: `stop`, `length`, `tool-calls`, `content-filter` or another word of its provider. */
  readonly finishReason?: string
  /** Why it failed. */
  readonly code?: SessionErrorCode
  /** A sentence about the failure that may be shown to users. */
  readonly message?: string
  /** Why it was aborted. */
  readonly reason?: TurnAbortReason
}

/** The events of a turn, in order: `started`, parts of the answer, and its end. `n` counts them from 1. */
export type TurnEvent = { readonly n: number } & (TurnStarted | TurnPart | TurnEnded)

/** A turn that has ended. */
export interface TurnResult {
  /** Names the turn. */
  readonly turnId: string
  /** How it ended. */
  readonly status: 'completed' | 'failed' | 'aborted'
  /** The message that is answered: the message that began the turn or, in a turn without one, the newest message. */
  readonly message: Message
  /** The messages that answer it: calls of tools, their results, and the last message of the assistant. */
  readonly replies: readonly Message[]
  /** The last message of the assistant. */
  readonly reply: Message
  /** Its text; for an answer that was too long for one message, the text of all its messages. */
  readonly text: string
  /** What it used of the model. */
  readonly usage: TurnUsage
  /** Why the model stopped, if it said so: `length` when the answer was cut off. */
  readonly finishReason?: string
  /** True when the same key, or message id, was used before: this is the answer to the first attempt. */
  readonly replayed: boolean
  /** True when this is an earlier answer to the same question, and the model was not called. */
  readonly reused: boolean
  /** Why it failed. */
  readonly code?: SessionErrorCode
  /** A sentence about the failure that may be shown to users. */
  readonly error?: string
  /** Why it was aborted. */
  readonly reason?: TurnAbortReason
  /** The error that `respond` threw, if the turn ran in this process; for logs. */
  readonly cause?: unknown
}

/** The turn's fields in the metadata of a reply. */
export interface TurnMetadata {
  readonly id: string
  readonly usage: TurnUsage
  /** From when the turn ran until the model had answered, and until it said its first word, in milliseconds. */
  readonly durationMs?: number
  readonly firstTokenMs?: number
  readonly finishReason?: string
  readonly code?: SessionErrorCode
  readonly error?: string
  readonly reason?: TurnAbortReason
  readonly reused?: boolean
  /** Where `costMicros` is by the table of prices. */
  readonly costBy?: 'prices'
  /** Of the session that the turn ran in, where usage is kept: a copy of the reply has cost nothing. */
  readonly incarnation?: string
}

export function isEnd(event: { readonly type: string }): event is TurnEnded & { readonly n: number } {
  return event.type === 'completed' || event.type === 'failed' || event.type === 'aborted'
}

/** The result of a turn, from its messages in the log. */
export function toTurnResult(message: Message, replies: readonly Message[], replayed: boolean): TurnResult {
  const reply = replies.at(-1)!
  const turn = turnOf(reply)
  return {
    turnId: turn.id,
    status: reply.status === 'corrupt' ? 'failed' : reply.status,
    message,
    replies,
    reply,
    text: textOfAnswer(replies),
    usage: turn.usage,
    ...(turn.finishReason === undefined ? {} : { finishReason: turn.finishReason }),
    replayed,
    reused: turn.reused === true,
    ...(turn.code === undefined ? {} : { code: turn.code }),
    ...(turn.error === undefined ? {} : { error: turn.error }),
    ...(turn.reason === undefined ? {} : { reason: turn.reason }),
  }
}

/** The turn's fields in the metadata of a reply. */
export function turnOf(reply: Message): TurnMetadata {
  const kept = reply.metadata?.['turn'] as unknown as TurnMetadata | undefined
  return kept ?? { id: '', usage: noUsage }
}

/** The text of the last message and of the messages that it continues. */
function textOfAnswer(replies: readonly Message[]): string {
  let first = replies.length - 1
  while (first > 0 && replies[first]!.metadata?.['continues'] === true) first--
  return replies.slice(first).map(textOf).join('')
}

/** The id of the user's message that a reply answers, if a turn made the reply's id. */
export function isReplyTo(messageId: string, reply: Pick<Message, 'id' | 'role'>): boolean {
  if (reply.role === 'user') return false
  return reply.id.startsWith(`${messageId}.r`) && /^\d+(?:\.\d+)?$/.test(reply.id.slice(messageId.length + 2))
}

/** Ids of the messages of a reply; the last one is the reply's own. */
export function replyIds(replyId: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    index === count - 1 ? replyId : `${replyId}.${index + 1}`,
  )
}
