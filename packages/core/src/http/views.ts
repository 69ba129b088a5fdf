import type { Cart, CartItem, Order } from '../domain/cart.js'
import { cartTotal, itemCount } from '../domain/cart.js'
import type { Message } from '../domain/message.js'
import type { MessagePart } from '../domain/part.js'
import type { SessionRecord } from '../contract/session-record.js'
import { toIso } from '../time.js'
import type { TurnResult } from '../turn/event.js'
import { turnOf } from '../turn/event.js'
import type { TurnUsage } from '../turn/usage.js'
import type { ApiConfig } from './api-options.js'
import { seedMessage, seedResponse, seedUsage } from './compat/message.js'

export const withheld = '[tool result withheld]'

/** A session in the format of the wire. */
export function sessionView(record: SessionRecord, turnId?: string) {
  const { id, title, label, userId, expiresAt } = record
  return {
    id,
    ...(title === undefined ? {} : { title }),
    ...(label === undefined ? {} : { label }),
    ...(userId === undefined ? {} : { userId }),
    createdAt: toIso(record.createdAt),
    updatedAt: toIso(record.updatedAt),
    ...(expiresAt === undefined ? {} : { expiresAt: toIso(expiresAt) }),
    messageCount: record.lastSeq - record.trimmedSeq,
    revision: record.revision,
    ...(turnId === undefined ? {} : { turn: { id: turnId } }),
  }
}

/** A session as it was right after a turn; the same for a late repeat. */
export function sessionAfter({ id, createdAt, trimmedSeq }: SessionRecord, { seq, at }: Message) {
  return { id, createdAt: toIso(createdAt), updatedAt: toIso(at), messageCount: seq - trimmedSeq }
}

export function messageView(message: Message, api: Pick<ApiConfig, 'exposeToolResults' | 'isCompat'>) {
  const { seq, id, role, content, at, tokens, status, name, metadata } = message
  const view = {
    seq,
    id,
    role,
    content: api.exposeToolResults ? content : withoutResults(content),
    createdAt: toIso(at),
    tokens,
    status,
    ...(name === undefined ? {} : { name }),
    ...(metadata === undefined ? {} : { metadata }),
  }
  return api.isCompat ? seedMessage(view) : view
}

/** A content without what tools gave back, which may be for the server alone. */
export function withoutResults(content: Message['content']): Message['content'] {
  return typeof content === 'string' ? content : content.map(redacted)
}

function redacted(part: MessagePart): MessagePart {
  return part.type === 'tool-result' ? { ...part, output: withheld, redacted: true } : part
}

export function cartView(cart: Cart) {
  const total = cartTotal(cart)
  return {
    items: cart.items.map(itemView),
    itemCount: itemCount(cart),
    ...(total === undefined ? {} : { total }),
  }
}

export function itemView({ addedAt, ...item }: CartItem) {
  return { ...item, addedAt: toIso(addedAt) }
}

export function orderView({ id, items, total, placedAt }: Order) {
  return { id, items: items.map(itemView), total, placedAt: toIso(placedAt) }
}

/** The outcome of a turn. */
export function turnView(result: TurnResult, api: Pick<ApiConfig, 'exposeToolResults' | 'isCompat'>) {
  const { status, reply, replies, message, usage, reused } = result
  const { documents, sources } = reply.metadata ?? {}
  const { content } = messageView(reply, api)
  const finishReason = finishReasonOf(result)
  return {
    turn: { id: result.turnId, status, messageId: message.id, replyId: reply.id },
    response: {
      text: result.text,
      content,
      finishReason,
      usage: usageView(usage, api),
      reused,
      ...(documents === undefined ? {} : { documents }),
      ...(sources === undefined ? {} : { sources }),
      ...(api.isCompat ? seedResponse(content, usage, finishReason) : {}),
    },
    messages: [message, ...replies].map((each) => messageView(each, api)),
  }
}

export function usageView(usage: TurnUsage, { isCompat }: Pick<ApiConfig, 'isCompat'>) {
  const { inputTokens, outputTokens, costMicros, ...others } = usage
  const told = Object.entries(others).filter(([, value]) => value !== undefined)
  return {
    inputTokens,
    outputTokens,
    costMicros,
    ...Object.fromEntries(told),
    ...(isCompat ? seedUsage(usage) : {}),
  }
}

function finishReasonOf({ status, reply }: TurnResult): string {
  if (status === 'completed') return turnOf(reply).finishReason ?? 'stop'
  return status === 'aborted' ? (turnOf(reply).reason ?? 'cancelled') : 'error'
}
