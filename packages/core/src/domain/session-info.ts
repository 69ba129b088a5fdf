import { cartTotal, type Money, itemCount } from './cart.js'
import type { Role } from './message.js'
import type { TimeSpread, Timing, TurnCounts } from './counted-messages.js'
import type { MessageTally } from './message-tally.js'
import type { CartCounts, SessionBody } from './session-body.js'
import type { SessionRecord } from '../contract/session-record.js'
import { toReadable } from '../time.js'
import type { Topic } from './topics.js'

/** What all turns of a session used, also those that were left by a rewind. */
export interface SessionUsage {
  /** Turns that have ended. */
  readonly turns: number
  /** Tokens that models have read. */
  readonly inputTokens: number
  /** Tokens that models have written. */
  readonly outputTokens: number
  /** Millionths of a currency. */
  readonly costMicros: number
  /** Part of the input: tokens that providers read from their caches, and tokens that they wrote to them. */
  readonly cachedInputTokens?: number | undefined
  /** Part of the input: written to the cache of the provider. */
  readonly cacheWriteTokens?: number | undefined
  /** Part of the output: reasoning. */
  readonly reasoningTokens?: number | undefined
}

/** Facts about a session that reveal no content. Reading them changes nothing. */
export interface SessionInfo {
  /** The session that is counted. */
  readonly sessionId: string
  /** Epoch ms, by the store's clock; so are the other times. */
  readonly createdAt: number
  /** When it was last written to. */
  readonly updatedAt: number
  /** Its deadline; absent when it never expires. */
  readonly expiresAt?: number | undefined
  /** From its creation to its last write, in milliseconds. */
  readonly durationMs: number
  /** The same for people: `1d 2h`, `3m 20s`. */
  readonly duration: string
  /** Messages on the active branch, by role. */
  readonly messages: Readonly<Record<Role, number>> & { readonly total: number }
  /** Tokens of the messages on the active branch. */
  readonly tokens: number
  /** Turns on the active branch, and how long their answers took. */
  readonly turns: TurnCounts<Timing>
  /** Tokens and costs of its turns. */
  readonly usage: SessionUsage
  /** The most frequent topics of the user's messages, at most 5. Counts of words that come rarely may be too low. */
  readonly topics: readonly Topic[]
  /** What went into the cart, and what is in it now. */
  readonly cart: CartCounts & {
    readonly lines: number
    readonly itemCount: number
    readonly total?: Money | undefined
  }
  /** Carts that were checked out. */
  readonly orders: number
}

/** The info of a session, from the counts of its messages. */
export function sessionInfoOf(record: SessionRecord, body: SessionBody, tally: MessageTally): SessionInfo {
  const { byRole, total, tokens, turns, topics } = tally.counts()
  const { model: _, provider: __, ...usage }: NonNullable<SessionBody['usage']> = body.usage ?? noUsage
  const durationMs = record.updatedAt - record.createdAt
  return {
    sessionId: record.id,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    expiresAt: record.expiresAt,
    durationMs,
    duration: toReadable(durationMs),
    messages: { ...byRole, total },
    tokens,
    turns: { ...turns, responses: toTiming(turns.responses), firstTokens: toTiming(turns.firstTokens) },
    usage,
    topics,
    cart: {
      ...body.cartCounts,
      lines: body.cart.items.length,
      itemCount: itemCount(body.cart),
      total: cartTotal(body.cart),
    },
    orders: body.orders.length,
  }
}

const noUsage: SessionUsage = { turns: 0, inputTokens: 0, outputTokens: 0, costMicros: 0 }

function toTiming({ count, totalMs, longestMs }: TimeSpread): Timing {
  return { count, totalMs, longestMs, averageMs: count === 0 ? 0 : Math.round(totalMs / count) }
}
