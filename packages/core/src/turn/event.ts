import type { SessionErrorCode } from '../errors.js'
import type { TurnAbortReason } from '../domain/events.js'
import type { Message } from '../domain/message.js'
import { textOf } from '../domain/message.js'
import type { TurnPart } from './part.js'
import { noUsage, type TurnUsage } from './usage.js'

/** What the turn answers is stored, and the turn is the only one of its session. */
export interface TurnStarted {
  readonly type: 'started'
  readonly turnId: string
  /** Of the message that is answered, and its place in the log. */
  readonly messageId: string
  readonly seq: number
  /** The id the reply is going to have. */
  readonly replyId: string
}

/** The reply is stored, whole or as far as it came. Nothing follows. */
export interface TurnEnded {
  readonly type: 'completed' | 'failed' | 'aborted'
  /** Where the reply begins and ends in the log; both 0 when the session is gone and it could not be stored. */
  readonly from: number
  readonly to: number
  readonly usage: TurnUsage
  /** Why the model stopped: `stop`, `length`, `tool-calls`, `content-filter` or another word of its provider. */
  readonly finishReason?: string
  /** Why it failed. */
  readonly code?: SessionErrorCode
  /** The same in a sentence that may be shown. */
  readonly message?: string
  /** Why it was aborted. */
  readonly reason?: TurnAbortReason
}

/** What happens in a turn, in order: `started`, parts of the answer, and how it ended. `n` counts them from 1. */
export type TurnEvent = { readonly n: number } & (TurnStarted | TurnPart | TurnEnded)

/** A turn that has ended. */
export interface TurnResult {
  readonly turnId: string
  readonly status: 'completed' | 'failed' | 'aborted'
  /** The message that is answered: what began the turn or, when nothing new was said, the newest one there was. */
  readonly message: Message
  /** What answers it: calls of tools, their results, and the assistant's last word. */
  readonly replies: readonly Message[]
  /** The assistant's last word. */
  readonly reply: Message
  /** Its text; of an answer that was too long for one message, the text of all of them. */
  readonly text: string
  readonly usage: TurnUsage
  /** Why the model stopped, as far as it told: `length` when the answer was cut off. */
  readonly finishReason?: string
  /** True when the same key, or message id, was used before: this is the answer it got then. */
  readonly replayed: boolean
  /** True when the answer was given before to the same question, and no model was asked. */
  readonly reused: boolean
  /** Why it failed. */
  readonly code?: SessionErrorCode
  /** The same in a sentence that may be shown. */
  readonly error?: string
  /** Why it was aborted. */
  readonly reason?: TurnAbortReason
  /** What `respond` threw, when it ran here; for logs. */
  readonly cause?: unknown
}

/** What the metadata of a reply say of its turn. */
export interface TurnMetadata {
  readonly id: string
  readonly usage: TurnUsage
  readonly finishReason?: string
  readonly code?: SessionErrorCode
  readonly error?: string
  readonly reason?: TurnAbortReason
  readonly reused?: boolean
}

export function isEnd(event: { readonly type: string }): event is TurnEnded & { readonly n: number } {
  return event.type === 'completed' || event.type === 'failed' || event.type === 'aborted'
}

/** What became of a turn, from what the log keeps of it. */
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

/** What the reply's metadata say of its turn. */
export function turnOf(reply: Message): TurnMetadata {
  const kept = reply.metadata?.['turn'] as unknown as TurnMetadata | undefined
  return kept ?? { id: '', usage: noUsage }
}

/** The text of the last message and of those it goes on with. */
function textOfAnswer(replies: readonly Message[]): string {
  let first = replies.length - 1
  while (first > 0 && replies[first]!.metadata?.['continues'] === true) first--
  return replies.slice(first).map(textOf).join('')
}

/** The id of a user's message that a reply answers, when the id is one that a turn has given. */
export function isReplyTo(messageId: string, reply: Pick<Message, 'id' | 'role'>): boolean {
  if (reply.role === 'user') return false
  return reply.id.startsWith(`${messageId}.r`) && /^\d+(?:\.\d+)?$/.test(reply.id.slice(messageId.length + 2))
}

/** Ids of the messages of a reply, the last of which is the reply's own. */
export function replyIds(replyId: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    index === count - 1 ? replyId : `${replyId}.${index + 1}`,
  )
}
