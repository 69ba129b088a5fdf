import { cartTotal, type Money, itemCount } from './cart.js'
import { type Message, type Role, textOf } from './message.js'
import type { CartCounts, SessionBody } from './session-body.js'
import type { SessionRecord } from '../contract/session-record.js'
import { type Topic, TopicCounts } from './topics.js'

/** Facts about a session that reveal no content. Reading them changes nothing. */
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
  /** The most frequent topics of the user's messages. */
  readonly topics: readonly Topic[]
  readonly cart: CartCounts & {
    readonly lines: number
    readonly itemCount: number
    readonly total?: Money | undefined
  }
  readonly orders: number
}

/** Counts over a session's messages, added one message at a time. */
export class MessageTally {
  readonly #byRole: Record<Role, number> = { system: 0, user: 0, assistant: 0, tool: 0 }
  readonly #topics = new TopicCounts()
  #tokens = 0
  #total = 0

  /** Upper bound in memory. */
  get bytes(): number {
    return 1000 + this.#topics.bytes
  }

  add(message: Message): void {
    this.#byRole[message.role]++
    this.#total++
    this.#tokens += message.tokens
    if (message.role === 'user') this.#topics.add(textOf(message))
  }

  counts(): Pick<SessionInfo, 'messages' | 'tokens' | 'topics'> {
    return {
      messages: { ...this.#byRole, total: this.#total },
      tokens: this.#tokens,
      topics: this.#topics.top(),
    }
  }
}

/** The info of a session, from the counts of its messages. */
export function sessionInfoOf(record: SessionRecord, body: SessionBody, tally: MessageTally): SessionInfo {
  return {
    sessionId: record.id,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    expiresAt: record.expiresAt,
    durationMs: record.updatedAt - record.createdAt,
    ...tally.counts(),
    cart: {
      ...body.cartCounts,
      lines: body.cart.items.length,
      itemCount: itemCount(body.cart),
      total: cartTotal(body.cart),
    },
    orders: body.orders.length,
  }
}
