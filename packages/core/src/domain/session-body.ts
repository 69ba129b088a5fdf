import * as z from 'zod/mini'
import { type Cart, type Order, cartItemSchema, itemCount, orderSchema, storedJsonObject } from './cart.js'
import { SessionError } from '../errors.js'
import { type Consents, consentsSchema } from './consent.js'
import type { JsonObject } from '../json.js'
import { checkWith, tryWith } from '../parse.js'
import type { AssignedArm } from './experiment.js'
import { type SessionStats, sessionStatsSchema } from './session-stats.js'
import { type PendingTransfer, pendingTransferSchema } from './transfer.js'

/** A range of the log, both ends included; without `to` it is open and includes new messages. */
export interface SeqRange {
  /** The `seq` of its first message. */
  readonly from: number
  /** The `seq` of its last message; absent when it is open. */
  readonly to?: number | undefined
}

/** A fact that every context shows, even when its message is outside the window. */
export interface Fact {
  /** Names it: `session.forget` takes it. */
  readonly id: string
  /** What is known, in a sentence. */
  readonly text: string
  /** The subject; a newer fact on the same subject replaces it. */
  readonly subject?: string | undefined
  /** The message that the fact was extracted from. */
  readonly seq?: number | undefined
  /** Epoch ms. */
  readonly at: number
}

/** A summary of a range of the log. The messages themselves stay in the log. */
export interface Summary {
  /** The `seq` of the first message that it sums up. */
  readonly from: number
  /** The `seq` of the last one. */
  readonly to: number
  /** What stands for them in a context. */
  readonly text: string
  /** Tokens that the text takes. */
  readonly tokens: number
  /** Epoch ms. */
  readonly at: number
}

/** An earlier course of the conversation, from before it was rewound. */
export interface Branch {
  /** Names the branch: `session.switchBranch` returns to it. */
  readonly id: string
  /** Its messages, as ranges of the log. */
  readonly path: readonly SeqRange[]
  /** When the conversation left it, epoch ms. */
  readonly leftAt: number
  /** True when a program left it, not a person. */
  readonly byMachine?: boolean | undefined
}

/** The session that a fork was made from. */
export interface Lineage {
  /** The session that this one is a fork of. */
  readonly sessionId: string
  /** The first session in a line of forks, if it is another one: all of them share its budgets. */
  readonly rootId?: string | undefined
  /** The last message that was copied; 0 when none was. */
  readonly seq: number
}

/** The turn that holds the session now. A turn that finds another one here may not write any more. */
export interface TurnLease {
  readonly id: string
  /** Grows with every turn of the session: a fencing token for what a turn does in other systems. */
  readonly fence: number
  /** Id of the message that is answered. */
  readonly messageId: string
  /** Id of the reply that the turn will store. */
  readonly replyId: string
  /** The reply comes after this seq. */
  readonly after: number
}

/** An earlier turn, so that a repeat is recognized and its reply is found. */
export interface RecentTurn {
  readonly id: string
  /** The id of its message, or its key: another attempt with the same one is a repeat. */
  readonly name: string
  readonly messageId: string
  /** The message that is answered has this seq, or one soon after it. */
  readonly seq: number
  readonly replyId: string
  /** The reply comes after this seq. */
  readonly after: number
}

/** Where a turn's reply is in the log: its last message has the id, and all of them come after the seq. */
export type ReplyPlace = Pick<RecentTurn, 'replyId' | 'after'>

/** Tokens and costs of a session's turns; costs in millionths of a currency. */
export interface UsageTotals {
  readonly turns: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costMicros: number
  /** Part of the input: tokens that providers read from their caches, and tokens that they wrote to them. */
  readonly cachedInputTokens?: number | undefined
  readonly cacheWriteTokens?: number | undefined
  /** Part of the output: reasoning. */
  readonly reasoningTokens?: number | undefined
  /** Of the newest turn that told. */
  readonly model?: string | undefined
  readonly provider?: string | undefined
}

/** An answered question, by digests, so that its answer can be reused. */
export interface KnownAnswer {
  /** Digest of the question and of everything that the answer may depend on: state, preferences and cart. */
  readonly digest: string
  readonly replyId: string
  /** The reply comes after this seq. */
  readonly after: number
  /** Epoch ms, an estimate of the store's clock. */
  readonly at: number
}

/** Counts of cart changes over the life of the session, in items. */
export interface CartCounts {
  /** Items that were put in. */
  readonly added: number
  /** Items that were taken out. */
  readonly removed: number
  /** Items that were ordered. */
  readonly purchased: number
}

/** A session as retention has left it. Another revision, or another message, is activity. */
export interface RetainedState {
  readonly revision: number
  readonly lastSeq: number
  readonly activeAt: number
}

/** The part of a session that features own. A store keeps it as one opaque text. */
export interface SessionBody {
  /** Version of this layout. */
  readonly v: 1
  readonly state: JsonObject
  readonly preferences: JsonObject
  readonly cart: Cart
  readonly cartCounts: CartCounts
  readonly orders: readonly Order[]
  readonly facts: readonly Fact[]
  readonly summaries: readonly Summary[]
  /** The active branch: the messages that history and the model see, oldest first. */
  readonly path: readonly SeqRange[]
  readonly branches: readonly Branch[]
  /** Credentials of an older generation do not open the session. */
  readonly generation: number
  /** Ids of the newest changes. After a lost answer they show that a change has happened. */
  readonly changes: readonly string[]
  readonly lineage?: Lineage | undefined
  /** Where the last context window began, so that the next one begins there too. */
  readonly boundary?: { readonly seq: number } | undefined
  /** The running turn. */
  readonly turn?: TurnLease | undefined
  /** How many turns were begun, ever. */
  readonly turnCount?: number | undefined
  /** The newest turns that were begun, so that a repeat is recognized without a write. */
  readonly recentTurns?: readonly RecentTurn[] | undefined
  readonly usage?: UsageTotals | undefined
  /** The newest turns that retrieved documents. */
  readonly documentTurns?: readonly ReplyPlace[] | undefined
  readonly answers?: readonly KnownAnswer[] | undefined
  /** Counts messages that were changed in place: what somebody remembers of the log is old once it has moved. */
  readonly edits?: number | undefined
  /** The session as retention last left it, and when somebody had last written to it before, epoch ms. */
  readonly retained?: RetainedState | undefined
  /** What the holder of an anonymous session has decided; a user's decisions are in the user record. */
  readonly consent?: Consents | undefined
  /** The newest transfers, the oldest first. */
  readonly transfers?: readonly PendingTransfer[] | undefined
  /** The arms of the session, by experiment. */
  readonly arms?: Readonly<Record<string, AssignedArm>> | undefined
  /** The phases that the session went through, the first ones; without any, that of `state`. */
  readonly journey?: readonly string[] | undefined
  /** Counts of the messages, made at the end of a turn. */
  readonly stats?: SessionStats | undefined
}

const seqRange = z.looseObject({ from: z.int().check(z.minimum(1)), to: z.optional(z.int()) })
const count = z.int().check(z.minimum(0))

// Loose, at every depth: during a rolling deploy, a change by an older release keeps a field that a newer release added.
const bodySchema: z.core.$ZodType<SessionBody> = z.looseObject({
  v: z.literal(1),
  state: storedJsonObject,
  preferences: storedJsonObject,
  cart: z.looseObject({ items: z.array(cartItemSchema) }),
  cartCounts: z.looseObject({ added: count, removed: count, purchased: count }),
  orders: z.array(orderSchema),
  facts: z.array(
    z.looseObject({
      id: z.string(),
      text: z.string(),
      subject: z.optional(z.string()),
      seq: z.optional(z.int()),
      at: z.number(),
    }),
  ),
  summaries: z.array(
    z.looseObject({ from: z.int(), to: z.int(), text: z.string(), tokens: count, at: z.number() }),
  ),
  path: z.array(seqRange).check(z.minLength(1)),
  branches: z.array(
    z.looseObject({
      id: z.string(),
      path: z.array(seqRange),
      leftAt: z.number(),
      byMachine: z.optional(z.boolean()),
    }),
  ),
  generation: z.int().check(z.minimum(1)),
  changes: z.array(z.string()),
  lineage: z.optional(z.looseObject({ sessionId: z.string(), rootId: z.optional(z.string()), seq: count })),
  boundary: z.optional(z.looseObject({ seq: count })),
  turn: z.optional(
    z.looseObject({
      id: z.string(),
      fence: z.int(),
      messageId: z.string(),
      replyId: z.string(),
      after: count,
    }),
  ),
  turnCount: z.optional(count),
  recentTurns: z.optional(
    z.array(
      z.looseObject({
        id: z.string(),
        name: z.string(),
        messageId: z.string(),
        seq: count,
        replyId: z.string(),
        after: count,
      }),
    ),
  ),
  usage: z.optional(
    z.looseObject({
      turns: count,
      inputTokens: count,
      outputTokens: count,
      costMicros: count,
      cachedInputTokens: z.optional(count),
      cacheWriteTokens: z.optional(count),
      reasoningTokens: z.optional(count),
      model: z.optional(z.string()),
      provider: z.optional(z.string()),
    }),
  ),
  documentTurns: z.optional(z.array(z.looseObject({ replyId: z.string(), after: count }))),
  answers: z.optional(
    z.array(z.looseObject({ digest: z.string(), replyId: z.string(), after: count, at: z.number() })),
  ),
  edits: z.optional(count),
  retained: z.optional(z.looseObject({ revision: count, lastSeq: count, activeAt: z.number() })),
  consent: z.optional(consentsSchema),
  transfers: z.optional(z.array(pendingTransferSchema)),
  arms: z.optional(z.record(z.string(), z.looseObject({ arm: z.string(), version: z.string() }))),
  journey: z.optional(z.array(z.string())),
  // They can be made again: nobody must lose a session over them.
  // oxlint-disable-next-line valid-params
  stats: z.catch(z.optional(sessionStatsSchema), undefined),
})

/** The first session in the line of forks that a session belongs to: itself, if it is no fork. */
export function rootIdOf({ lineage }: SessionBody, id: string): string {
  return lineage?.rootId ?? lineage?.sessionId ?? id
}

type NewParts = 'state' | 'preferences' | 'cart' | 'lineage' | 'documentTurns' | 'consent'

/** The body of a new session. */
export function newBody(init: Partial<Pick<SessionBody, NewParts>> = {}): SessionBody {
  return {
    v: 1,
    state: {},
    preferences: {},
    cart: { items: [] },
    cartCounts: { added: init.cart === undefined ? 0 : itemCount(init.cart), removed: 0, purchased: 0 },
    orders: [],
    facts: [],
    summaries: [],
    path: [{ from: 1 }],
    branches: [],
    generation: 1,
    changes: [],
    ...init,
  }
}

/**
 * The body as text for the store.
 *
 * @throws `too_large` when it is longer than `maxLength` UTF-16 units.
 */
export function encodeBody(body: SessionBody, maxLength: number): string {
  const text = JSON.stringify(body)
  if (text.length > maxLength) {
    throw new SessionError(
      'too_large',
      `State, preferences, cart and the like take ${text.length} characters; the limit is ${maxLength}.`,
      { path: 'session' },
    )
  }
  return text
}

/** A body from elsewhere, which is known to be JSON. @throws `invalid`, with the path of what is wrong. */
export function checkBody(json: unknown, path: string): SessionBody {
  return checkWith(bodySchema, json, path)
}

/** The body from the store. @throws `corrupt` when it cannot be read, or was written by a newer major release. */
export function decodeBody(text: string): SessionBody {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new SessionError('corrupt', 'The stored session is not readable.', { cause })
  }
  const result = tryWith(bodySchema, value)
  if (!result.success) {
    throw new SessionError('corrupt', 'The stored session is not readable.', { cause: result.error })
  }
  return result.data
}

/** The body of a text that was checked or made here: to check it again would take most of the time. */
export function decodeKnown(text: string): SessionBody {
  return JSON.parse(text) as SessionBody
}
