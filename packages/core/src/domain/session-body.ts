import { z } from 'zod'
import { type Cart, type Order, cartItemSchema, orderSchema, storedJsonObject } from './cart.js'
import { SessionError } from '../errors.js'
import type { JsonObject } from '../json.js'
import { type PendingTransfer, pendingTransferSchema } from './transfer.js'

/** A stretch of the log, both ends included; without `to` it is open and takes in what comes. */
export interface SeqRange {
  readonly from: number
  readonly to?: number | undefined
}

/** Something worth remembering beyond the window: said once, shown to the model every time. */
export interface Fact {
  readonly id: string
  readonly text: string
  /** What it is about; a newer fact on the same subject takes its place. */
  readonly subject?: string | undefined
  /** The message it was drawn from. */
  readonly seq?: number | undefined
  /** Epoch ms. */
  readonly at: number
}

/** A stretch of the log in few words. The messages themselves stay where they are. */
export interface Summary {
  readonly from: number
  readonly to: number
  readonly text: string
  readonly tokens: number
  /** Epoch ms. */
  readonly at: number
}

/** A way the conversation went before it was rewound. */
export interface Branch {
  readonly id: string
  readonly path: readonly SeqRange[]
  /** When it was left, epoch ms. */
  readonly leftAt: number
  /** True when a program left it, and nobody chose to. */
  readonly byMachine?: boolean | undefined
}

/** Where a fork came from. */
export interface Lineage {
  readonly sessionId: string
  /** The session at the beginning of the line, where that is another one: budgets are shared along it. */
  readonly rootId?: string | undefined
  /** The last message that was taken along; 0 when none was. */
  readonly seq: number
}

/** Who answers in the session now. A turn that no longer finds itself here has lost its right to write. */
export interface TurnLease {
  readonly id: string
  /** Grows with every turn of the session: a fencing token for what a turn does elsewhere. */
  readonly fence: number
  /** Of the message that is answered. */
  readonly messageId: string
  /** Of the reply that is to come. */
  readonly replyId: string
  /** The reply comes after this place in the log. */
  readonly after: number
}

/** A turn that was begun, so that a repeat is known, and its reply is found. */
export interface RecentTurn {
  readonly id: string
  /** What makes another attempt a repeat of it: the id of its message, or its key. */
  readonly name: string
  readonly messageId: string
  /** The message that is answered stands here in the log, or soon after. */
  readonly seq: number
  readonly replyId: string
  /** The reply comes after this place in the log. */
  readonly after: number
}

/** Where a turn's reply stands in the log: its last message has the id, all of them come after the place. */
export type ReplyPlace = Pick<RecentTurn, 'replyId' | 'after'>

/** What the turns of a session used, in tokens and millionths of a currency. */
export interface UsageTotals {
  readonly turns: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costMicros: number
  /** Of the input, what providers read from their caches, and wrote to them. */
  readonly cachedInputTokens?: number | undefined
  readonly cacheWriteTokens?: number | undefined
  /** Of the output, what was reasoning. */
  readonly reasoningTokens?: number | undefined
}

/** A question that was answered, by digests, so that the answer can be given again. */
export interface KnownAnswer {
  /** Of the question and of what the answer may depend on: state, preferences and cart. */
  readonly digest: string
  readonly replyId: string
  /** The reply comes after this place in the log. */
  readonly after: number
  /** Epoch ms, as nearly as the store's clock was known. */
  readonly at: number
}

/** What was done with the cart over the life of the session, in pieces. */
export interface CartCounts {
  readonly added: number
  readonly removed: number
  readonly purchased: number
}

/** The part of a session that features own. A store keeps it as one opaque text. */
export interface SessionBody {
  /** Of this layout. */
  readonly v: 1
  readonly state: JsonObject
  readonly preferences: JsonObject
  readonly cart: Cart
  readonly cartCounts: CartCounts
  readonly orders: readonly Order[]
  readonly facts: readonly Fact[]
  readonly summaries: readonly Summary[]
  /** The active branch: the messages that history shows and the model sees, oldest first. */
  readonly path: readonly SeqRange[]
  readonly branches: readonly Branch[]
  /** Credentials of an older generation no longer open the session. */
  readonly generation: number
  /** Ids of the newest changes, so that a change whose answer got lost is known to have happened. */
  readonly changes: readonly string[]
  readonly lineage?: Lineage | undefined
  /** Where the context window began, so that the next one begins there too. */
  readonly boundary?: { readonly seq: number } | undefined
  /** The turn that is going on. */
  readonly turn?: TurnLease | undefined
  /** How many turns were begun. */
  readonly turnCount?: number | undefined
  /** The newest turns that were begun, so that a repeat is known without a write. */
  readonly recentTurns?: readonly RecentTurn[] | undefined
  readonly usage?: UsageTotals | undefined
  /** The newest turns that retrieved documents. */
  readonly documentTurns?: readonly ReplyPlace[] | undefined
  readonly answers?: readonly KnownAnswer[] | undefined
  /** The newest transfers, the oldest first. */
  readonly transfers?: readonly PendingTransfer[] | undefined
}

const seqRange = z.object({ from: z.int().min(1), to: z.int().optional() })
const count = z.int().min(0)

// Loose, so that a field a newer release added survives a change made by an older one during a rolling deploy.
const bodySchema: z.ZodType<SessionBody> = z.looseObject({
  v: z.literal(1),
  state: storedJsonObject,
  preferences: storedJsonObject,
  cart: z.object({ items: z.array(cartItemSchema) }),
  cartCounts: z.object({ added: count, removed: count, purchased: count }),
  orders: z.array(orderSchema),
  facts: z.array(
    z.looseObject({
      id: z.string(),
      text: z.string(),
      subject: z.string().optional(),
      seq: z.int().optional(),
      at: z.number(),
    }),
  ),
  summaries: z.array(
    z.looseObject({ from: z.int(), to: z.int(), text: z.string(), tokens: count, at: z.number() }),
  ),
  path: z.array(seqRange).min(1),
  branches: z.array(
    z.looseObject({
      id: z.string(),
      path: z.array(seqRange),
      leftAt: z.number(),
      byMachine: z.boolean().optional(),
    }),
  ),
  generation: z.int().min(1),
  changes: z.array(z.string()),
  lineage: z.object({ sessionId: z.string(), rootId: z.string().optional(), seq: count }).optional(),
  boundary: z.looseObject({ seq: count }).optional(),
  turn: z
    .looseObject({
      id: z.string(),
      fence: z.int(),
      messageId: z.string(),
      replyId: z.string(),
      after: count,
    })
    .optional(),
  turnCount: count.optional(),
  recentTurns: z
    .array(
      z.looseObject({
        id: z.string(),
        name: z.string(),
        messageId: z.string(),
        seq: count,
        replyId: z.string(),
        after: count,
      }),
    )
    .optional(),
  usage: z
    .looseObject({
      turns: count,
      inputTokens: count,
      outputTokens: count,
      costMicros: count,
      cachedInputTokens: count.optional(),
      cacheWriteTokens: count.optional(),
      reasoningTokens: count.optional(),
    })
    .optional(),
  documentTurns: z.array(z.looseObject({ replyId: z.string(), after: count })).optional(),
  answers: z
    .array(z.looseObject({ digest: z.string(), replyId: z.string(), after: count, at: z.number() }))
    .optional(),
  transfers: z.array(pendingTransferSchema).optional(),
})

/** The body of a session that was just made. */
export function newBody(
  init: Partial<Pick<SessionBody, 'state' | 'preferences' | 'cart' | 'lineage'>> = {},
): SessionBody {
  return {
    v: 1,
    state: {},
    preferences: {},
    cart: { items: [] },
    cartCounts: { added: 0, removed: 0, purchased: 0 },
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

/** The body a store kept. @throws `corrupt` when it cannot be read, or was written by a newer major release. */
export function decodeBody(text: string): SessionBody {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new SessionError('corrupt', 'The stored session is not readable.', { cause })
  }
  const result = bodySchema.safeParse(value)
  if (!result.success) {
    throw new SessionError('corrupt', 'The stored session is not readable.', { cause: result.error })
  }
  return result.data
}
