import { cartTotal, type Money, itemCount } from './cart.js'
import { type Message, type Role, textOf } from './message.js'
import type { CartCounts, SessionBody } from './session-body.js'
import type { SessionRecord } from '../contract/session-record.js'
import { type Topic, topTopics } from './topics.js'

/** What can be said of a session without reading it aloud. Asking changes nothing. */
export interface SessionInfo {
  readonly sessionId: string
  /** Epoch ms, by the store's clock; so are the other times. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly expiresAt?: number | undefined
  /** From its creation to its last write, in milliseconds. */
  readonly durationMs: number
  /** Messages on the active branch, by role. */
  readonly messages: Readonly<Record<Role, number>> & { readonly total: number }
  /** Tokens of the messages on the active branch. */
  readonly tokens: number
  /** What the user talks about most. */
  readonly topics: readonly Topic[]
  readonly cart: CartCounts & {
    readonly lines: number
    readonly itemCount: number
    readonly total?: Money | undefined
  }
  readonly orders: number
}

/** Counts a session's messages and what was done in it. */
export function sessionInfoOf(
  record: SessionRecord,
  body: SessionBody,
  messages: readonly Message[],
): SessionInfo {
  const byRole = { system: 0, user: 0, assistant: 0, tool: 0 }
  let tokens = 0
  for (const message of messages) {
    byRole[message.role]++
    tokens += message.tokens
  }
  const said = messages.filter((message) => message.role === 'user').map(textOf)
  return {
    sessionId: record.id,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    expiresAt: record.expiresAt,
    durationMs: record.updatedAt - record.createdAt,
    messages: { ...byRole, total: messages.length },
    tokens,
    topics: topTopics(said),
    cart: {
      ...body.cartCounts,
      lines: body.cart.items.length,
      itemCount: itemCount(body.cart),
      total: cartTotal(body.cart),
    },
    orders: body.orders.length,
  }
}
