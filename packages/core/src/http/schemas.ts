import * as z from 'zod/mini'
import type { JsonValue } from '../json.js'
import { cartItemInputSchema, moneySchema } from '../domain/cart.js'

/**
 * The bodies on the wire, in and out. The API description is made from these, and tests check every answer with them.
 */

const time = z.iso.datetime()
const count = z.int().check(z.minimum(0))
// What a request says is known to be JSON before a schema looks at it.
export const anyJson = z.unknown().check(z.describe('Any JSON.')) as unknown as z.core.$ZodType<JsonValue>
export const jsonObject = z.record(z.string(), anyJson)
const limit = (most: number, usual: number) =>
  z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(most)), usual)
const flag = z.optional(z.stringbool())
/** Names with commas between them. */
export const names = z.pipe(
  z.string().check(z.maxLength(100)),
  z.transform((text) => text.split(',')),
)

export const sessionView = z.strictObject({
  id: z.string(),
  title: z.optional(z.string()),
  label: z.optional(z.string()),
  userId: z.optional(z.string()),
  createdAt: time,
  updatedAt: time,
  expiresAt: z.optional(time),
  messageCount: count,
  revision: count,
  turn: z.optional(z.strictObject({ id: z.string() })),
})

const part = z.looseObject({ type: z.string() })
const content = z.union([z.string(), z.array(part)])
export const messageView = z.strictObject({
  seq: z.int().check(z.minimum(1)),
  id: z.string(),
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content,
  createdAt: time,
  tokens: count,
  status: z.enum(['completed', 'failed', 'aborted', 'corrupt']),
  name: z.optional(z.string()),
  metadata: z.optional(jsonObject),
})

export const sessionReply = z.strictObject({
  session: z.extend(sessionView, {
    messages: z.optional(z.array(messageView)),
    system: z.optional(z.string()),
  }),
})
export const sessionPage = z.strictObject({
  sessions: z.strictObject({
    items: z.array(z.extend(sessionView, { sessionId: z.string() })),
    nextCursor: z.optional(z.string()),
  }),
})
export const messagePage = z.strictObject({
  sessionId: z.string(),
  messages: z.strictObject({
    items: z.array(messageView),
    nextCursor: z.optional(z.string()),
    previousCursor: z.optional(z.string()),
  }),
})
export const messageReply = z.strictObject({ message: messageView })
export const deletedReply = z.strictObject({ deleted: z.literal(true), sessionId: z.string() })

const usage = z.strictObject({
  inputTokens: count,
  outputTokens: count,
  costMicros: count,
  /** Part of the input: tokens that the provider read from its cache, and tokens that it wrote to it. */
  cachedInputTokens: z.optional(count),
  cacheWriteTokens: z.optional(count),
  /** Part of the output: reasoning. */
  reasoningTokens: z.optional(count),
  model: z.optional(z.string()),
  provider: z.optional(z.string()),
})
export const turnView = z.strictObject({
  id: z.string(),
  status: z.enum(['completed', 'failed', 'aborted']),
  messageId: z.string(),
  replyId: z.string(),
})
export const turnReply = z.strictObject({
  turn: turnView,
  response: z.strictObject({
    text: z.string(),
    content,
    finishReason: z.string(),
    usage,
    reused: z.boolean(),
    documents: z.optional(z.array(jsonObject)),
    sources: z.optional(z.array(jsonObject)),
  }),
  messages: z.array(messageView),
  /** The session after the turn. */
  session: z.extend(z.pick(sessionView, { id: true, createdAt: true, updatedAt: true, messageCount: true }), {
    messages: z.optional(z.array(messageView)),
  }),
})
export const cancelReply = z.strictObject({
  cancelled: z.boolean(),
  sessionId: z.string(),
  turnId: z.optional(z.string()),
})
export const appendReply = z.strictObject({
  sessionId: z.string(),
  messages: z.array(z.strictObject({ id: z.string(), seq: z.int(), createdAt: time, inserted: z.boolean() })),
})

const item = z.strictObject({
  id: z.string(),
  sku: z.string(),
  name: z.string(),
  quantity: z.int(),
  price: moneySchema,
  addedAt: time,
  metadata: z.optional(jsonObject),
})
export const cartView = z.strictObject({
  items: z.array(item),
  itemCount: count,
  total: z.optional(moneySchema),
})
export const cartReply = z.strictObject({ sessionId: z.string(), cart: cartView })
const order = z.strictObject({ id: z.string(), items: z.array(item), total: moneySchema, placedAt: time })
export const orderReply = z.strictObject({ sessionId: z.string(), order })
export const ordersReply = z.strictObject({ sessionId: z.string(), orders: z.array(order) })
export const stateReply = z.strictObject({ sessionId: z.string(), state: jsonObject })
export const preferencesReply = z.strictObject({ sessionId: z.string(), preferences: jsonObject })

const path = z.array(z.strictObject({ from: z.int().check(z.minimum(1)), to: z.optional(z.int()) }))
export const branchesReply = z.strictObject({
  sessionId: z.string(),
  branches: z.strictObject({
    /** Its last range is open: it includes new messages. */
    active: z.strictObject({ path }),
    items: z.array(z.strictObject({ id: z.string(), path, leftAt: time })),
  }),
})
export const branchReply = z.strictObject({
  session: sessionView,
  branch: z.strictObject({ id: z.string(), leftAt: time }),
})
export const forkReply = z.strictObject({
  session: sessionView,
  forkedFromSessionId: z.string(),
  forkedFromSeq: count,
  forkedFromMessageIndex: z.optional(z.int()),
  resetUsage: z.optional(z.boolean()),
})
export const compactReply = z.strictObject({
  compacted: z.boolean(),
  removedCount: count,
  session: sessionView,
  summary: z.optional(z.strictObject({ from: count, to: count, text: z.string(), tokens: count })),
})
export const contextReply = z.strictObject({
  sessionId: z.string(),
  context: z.strictObject({
    messages: z.array(z.looseObject({ role: z.string(), content, tokens: count, part: z.string() })),
    tokens: count,
    report: z.looseObject({ strategy: z.string() }),
  }),
})
export const infoReply = z.strictObject({
  info: z.looseObject({
    sessionId: z.string(),
    createdAt: time,
    updatedAt: time,
    expiresAt: z.optional(time),
    durationMs: count,
    duration: z.string(),
    tokens: count,
    topics: z.array(z.looseObject({ word: z.string(), count })),
    turns: z.looseObject({ completed: count, failed: count, aborted: count, reused: count }),
    usage: z.looseObject({ turns: count, inputTokens: count, outputTokens: count, costMicros: count }),
    orders: count,
  }),
})

export const problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.optional(z.string()),
  instance: z.optional(z.string()),
  path: z.optional(z.string()),
  revision: z.optional(z.int()),
  retryAfterMs: z.optional(z.number()),
})

const title = z.optional(z.string().check(z.maxLength(200)))
const messageId = z.optional(z.string().check(z.minLength(1), z.maxLength(150)))
const role = z.enum(['system', 'user', 'assistant', 'tool'])
const newMessage = z.strictObject({
  role: z._default(role, 'user'),
  content: z.union([z.string(), z.array(part).check(z.minLength(1))]),
  id: messageId,
  name: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  metadata: z.optional(jsonObject),
})

const ttl = z.strictObject({
  idleMs: z.optional(z.int().check(z.minimum(1))),
  absoluteMs: z.optional(z.int().check(z.minimum(1))),
})
export const createBody = z.looseObject({
  title,
  label: title,
  state: z.optional(jsonObject),
  preferences: z.optional(jsonObject),
  cart: z.optional(z.array(cartItemInputSchema).check(z.maxLength(500))),
  ttl: z.optional(ttl),
  messages: z.optional(z.array(newMessage).check(z.maxLength(1000))),
})
export const extendBody = ttl
export const editBody = z.strictObject({ title, label: title })
export const messageBody = z.looseObject({
  /**
   * The content of the message, or the results of a client's tools. Missing in a request without a new message: with
   * `from`, with `continue`, or with a `Last-Event-ID` that resumes an earlier one.
   */
  content: z.optional(z.union([z.string().check(z.minLength(1)), z.array(part).check(z.minLength(1))])),
  /** Makes a repeat of the same message harmless. */
  id: messageId,
  name: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  metadata: z.optional(jsonObject),
  /** `tool` for results and approvals of calls that the client answers (default `user`). */
  role: z.optional(z.string()),
  /** The turn first goes back to just after this `seq`: to answer again, or to edit the message of the same id. */
  from: z.optional(z.int().check(z.minimum(0))),
  /** Answers the newest message, or continues after it, without a new one. */
  continue: z.optional(z.literal(true)),
  stream: z.optional(z.union([z.boolean(), z.stringbool()])),
})
export const messageQuery = z.strictObject({ stream: flag })
export const appendBody = z.strictObject({
  messages: z.array(newMessage).check(z.minLength(1), z.maxLength(100)),
})
export const amendBody = z.strictObject({
  content: z.union([z.string(), z.array(part).check(z.minLength(1))]),
})
export const exportQuery = z.strictObject({ format: z.optional(z.enum(['jsonl', 'markdown'])) })
export const importQuery = z.strictObject({
  /** Whose the sessions become; without it they stay whose they are. For an admin. */
  userId: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
})
export const importReply = z.strictObject({
  import: z.strictObject({
    imported: z.array(z.string()),
    skipped: z.array(z.string()),
    /** How many more there were of both, whose ids are left off. */
    leftOff: z.strictObject({ imported: z.int().check(z.minimum(0)), skipped: z.int().check(z.minimum(0)) }),
    messages: z.int().check(z.minimum(0)),
  }),
})
export const listQuery = z.strictObject({
  limit: limit(200, 20),
  cursor: z.optional(z.string().check(z.maxLength(4096))),
  label: z.optional(z.string().check(z.maxLength(200))),
  /** Another user's; for an admin. */
  userId: z.optional(z.string().check(z.maxLength(200))),
})
export const viewQuery = z.strictObject({
  /** `messages`: the newest 50 too. */
  include: z.optional(z.pipe(names, z.array(z.enum(['messages'])))),
})
export const historyQuery = z.strictObject({
  limit: limit(1000, 50),
  cursor: z.optional(z.string().check(z.regex(/^\d{1,15}$/))),
  /** `forward` (default): from the first message on; `backward`: from the newest back. Each page is oldest first. */
  direction: z._default(z.enum(['forward', 'backward']), 'forward'),
  branch: z._default(z.enum(['active', 'all']), 'active'),
})
export const contextQuery = z.strictObject({
  maxTokens: limit(10_000_000, 8000),
  query: z.optional(z.string().check(z.maxLength(10_000))),
  phase: z.optional(z.string().check(z.maxLength(200))),
  /** What of the session is shown beside the conversation: `preferences,cart,state` or some of them. */
  include: z.optional(z.pipe(names, z.array(z.enum(['memory', 'preferences', 'cart', 'state'])))),
})
export const rewindBody = z.strictObject({
  /** The last message to keep; 0 goes back to the start. */
  toSeq: z.int().check(z.minimum(0)),
})
export const forkBody = z.looseObject({
  /** The last message to copy (default: the newest). */
  atSeq: z.optional(z.int().check(z.minimum(0))),
  /** The same as a place in the conversation, from 0. */
  fromMessageIndex: z.optional(z.int().check(z.minimum(0))),
  title,
  include: z.optional(z.array(z.enum(['state', 'preferences', 'cart']))),
})
export const compactBody = z.looseObject({
  /** The newest messages that stay as they are; by default as many as have `maxTokens` tokens. */
  maxMessages: z.optional(z.int().check(z.minimum(0))),
  maxTokens: z.optional(z.int().check(z.minimum(0))),
})
export const quantityBody = z.strictObject({ quantity: z.int().check(z.minimum(0), z.maximum(10_000)) })
export const itemBody = cartItemInputSchema
export const watchQuery = z.strictObject({
  after: z.optional(z.coerce.number().check(z.int(), z.minimum(0))),
})
