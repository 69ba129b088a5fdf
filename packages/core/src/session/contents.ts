import type { Cart, Order } from '../domain/cart.js'
import type { Branch, Fact, Lineage, SeqRange, Summary } from '../domain/session-body.js'
import type { JsonObject } from '../json.js'
import type { SessionRecord } from '../contract/session-record.js'
import type { SessionSnapshot } from '../service/session-snapshot.js'

/** Everything a session holds except its messages. */
export interface SessionContents {
  /** What its store knows of it. */
  readonly record: SessionRecord
  /** Any JSON of the conversation. */
  readonly state: JsonObject
  /** Preferences of the user. */
  readonly preferences: JsonObject
  /** What the user is about to buy. */
  readonly cart: Cart
  /** The carts that were checked out, oldest first; the newest 100. */
  readonly orders: readonly Order[]
  /** Facts that every context shows. */
  readonly facts: readonly Fact[]
  /** Summaries of ranges of the log, oldest first. */
  readonly summaries: readonly Summary[]
  /** Earlier courses of the conversation, from before it was rewound, oldest first; the newest 50. */
  readonly branches: readonly Branch[]
  /** The active branch, oldest first: the messages that history shows. The last range is open. */
  readonly path: readonly SeqRange[]
  /** The session that this one was forked from. */
  readonly lineage?: Lineage | undefined
}

/** The contents of a session snapshot. */
export function contentsOf({ record, body }: SessionSnapshot): SessionContents {
  const { state, preferences, cart, orders, facts, summaries, path, branches, lineage } = body
  return { record, state, preferences, cart, orders, facts, summaries, path, branches, lineage }
}
