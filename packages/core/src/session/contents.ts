import type { Cart, Order } from '../domain/cart.js'
import type { Branch, Fact, Lineage, SeqRange, Summary } from '../domain/session-body.js'
import type { JsonObject } from '../json.js'
import type { SessionRecord } from '../contract/session-record.js'
import type { SessionSnapshot } from '../service/live-session.js'

/** What a session holds beside its messages. */
export interface SessionContents {
  readonly record: SessionRecord
  readonly state: JsonObject
  readonly preferences: JsonObject
  readonly cart: Cart
  /** What was checked out, oldest first; the newest 100. */
  readonly orders: readonly Order[]
  /** What every context tells of. */
  readonly facts: readonly Fact[]
  /** Stretches of the log in few words, oldest first. */
  readonly summaries: readonly Summary[]
  /** The ways the conversation went before it was rewound, oldest first; the newest 50. */
  readonly branches: readonly Branch[]
  /** The active branch, oldest first: the messages that history shows. The last stretch is open. */
  readonly path: readonly SeqRange[]
  /** The session that this one was forked from. */
  readonly lineage?: Lineage | undefined
}

/** The contents of a session as it was seen. */
export function contentsOf({ record, body }: SessionSnapshot): SessionContents {
  const { state, preferences, cart, orders, facts, summaries, path, branches, lineage } = body
  return { record, state, preferences, cart, orders, facts, summaries, path, branches, lineage }
}
