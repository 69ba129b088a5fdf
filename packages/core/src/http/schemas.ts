import * as z from 'zod'
import type { JsonValue } from '../json.js'
import { cartItemInputSchema, moneySchema } from '../domain/cart.js'

/**
 * The bodies on the wire, in and out. The API description is made from these, and tests check every answer with them.
 */

const time = z.iso.datetime()
const count = z.int().min(0)
// What a request says is known to be JSON before a schema looks at it.
export const anyJson = z.unknown().describe('Any JSON.') as unknown as z.ZodType<JsonValue>
export const jsonObject = z.record(z.string(), anyJson)
const limit = (most: number, usual: number) => z.coerce.number().int().min(1).max(most).default(usual)
const flag = z.stringbool().optional()

export const sessionView = z.strictObject({
  id: z.string(),
  title: z.string().optional(),
  label: z.string().optional(),
  userId: z.string().optional(),
  createdAt: time,
  updatedAt: time,
  expiresAt: time.optional(),
  messageCount: count,
  revision: count,
  turn: z.strictObject({ id: z.string() }).optional(),
})

const part = z.looseObject({ type: z.string() })
const content = z.union([z.string(), z.array(part)])
export const messageView = z.strictObject({
  seq: z.int().min(1),
  id: z.string(),
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content,
  createdAt: time,
  tokens: count,
  status: z.enum(['completed', 'failed', 'aborted', 'corrupt']),
  name: z.string().optional(),
  metadata: jsonObject.optional(),
})

export const sessionReply = z.strictObject({
  session: sessionView.extend({ messages: z.array(messageView).optional(), system: z.string().optional() }),
})
export const sessionPage = z.strictObject({
  sessions: z.strictObject({
    items: z.array(sessionView.extend({ sessionId: z.string() })),
    nextCursor: z.string().optional(),
  }),
})
export const messagePage = z.strictObject({
  sessionId: z.string(),
  messages: z.strictObject({
    items: z.array(messageView),
    nextCursor: z.string().optional(),
    previousCursor: z.string().optional(),
  }),
})
export const messageReply = z.strictObject({ message: messageView })
export const deletedReply = z.strictObject({ deleted: z.literal(true), sessionId: z.string() })

const usage = z.strictObject({
  inputTokens: count,
  outputTokens: count,
  costMicros: count,
  /** Part of the input: tokens that the provider read from its cache, and tokens that it wrote to it. */
  cachedInputTokens: count.optional(),
  cacheWriteTokens: count.optional(),
  /** Part of the output: reasoning. */
  reasoningTokens: count.optional(),
  model: z.string().optional(),
  provider: z.string().optional(),
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
    documents: z.array(jsonObject).optional(),
    sources: z.array(jsonObject).optional(),
  }),
  messages: z.array(messageView),
  /** The session after the turn. */
  session: sessionView
    .pick({ id: true, createdAt: true, updatedAt: true, messageCount: true })
    .extend({ messages: z.array(messageView).optional() }),
})
export const cancelReply = z.strictObject({
  cancelled: z.boolean(),
  sessionId: z.string(),
  turnId: z.string().optional(),
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
  metadata: jsonObject.optional(),
})
export const cartView = z.strictObject({
  items: z.array(item),
  itemCount: count,
  total: moneySchema.optional(),
})
export const cartReply = z.strictObject({ sessionId: z.string(), cart: cartView })
const order = z.strictObject({ id: z.string(), items: z.array(item), total: moneySchema, placedAt: time })
export const orderReply = z.strictObject({ sessionId: z.string(), order })
export const ordersReply = z.strictObject({ sessionId: z.string(), orders: z.array(order) })
export const stateReply = z.strictObject({ sessionId: z.string(), state: jsonObject })
export const preferencesReply = z.strictObject({ sessionId: z.string(), preferences: jsonObject })

const path = z.array(z.strictObject({ from: z.int().min(1), to: z.int().optional() }))
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
  forkedFromMessageIndex: z.int().optional(),
  resetUsage: z.boolean().optional(),
})
export const compactReply = z.strictObject({
  compacted: z.boolean(),
  removedCount: count,
  session: sessionView,
  summary: z.strictObject({ from: count, to: count, text: z.string(), tokens: count }).optional(),
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
    expiresAt: time.optional(),
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
  detail: z.string().optional(),
  instance: z.string().optional(),
  path: z.string().optional(),
  revision: z.int().optional(),
  retryAfterMs: z.number().optional(),
})

const title = z.string().max(200).optional()
const messageId = z.string().min(1).max(150).optional()
const role = z.enum(['system', 'user', 'assistant', 'tool'])
const newMessage = z.strictObject({
  role: role.default('user'),
  content: z.union([z.string(), z.array(part).min(1)]),
  id: messageId,
  name: z.string().min(1).max(200).optional(),
  metadata: jsonObject.optional(),
})

const ttl = z.strictObject({ idleMs: z.int().min(1).optional(), absoluteMs: z.int().min(1).optional() })
export const createBody = z.looseObject({
  title,
  label: title,
  state: jsonObject.optional(),
  preferences: jsonObject.optional(),
  cart: z.array(cartItemInputSchema).max(500).optional(),
  ttl: ttl.optional(),
  messages: z.array(newMessage).max(1000).optional(),
})
export const extendBody = ttl
export const editBody = z.strictObject({ title, label: title })
export const messageBody = z.looseObject({
  /**
   * The content of the message, or the results of a client's tools. Missing in a request without a new message: with
   * `from`, with `continue`, or with a `Last-Event-ID` that resumes an earlier one.
   */
  content: z.union([z.string().min(1), z.array(part).min(1)]).optional(),
  /** Makes a repeat of the same message harmless. */
  id: messageId,
  name: z.string().min(1).max(200).optional(),
  metadata: jsonObject.optional(),
  /** `tool` for results and approvals of calls that the client answers (default `user`). */
  role: z.string().optional(),
  /** The turn first goes back to just after this `seq`: to answer again, or to edit the message of the same id. */
  from: z.int().min(0).optional(),
  /** Answers the newest message, or continues after it, without a new one. */
  continue: z.literal(true).optional(),
  stream: z.union([z.boolean(), z.stringbool()]).optional(),
})
export const messageQuery = z.strictObject({ stream: flag, include: z.string().optional() })
export const appendBody = z.strictObject({ messages: z.array(newMessage).min(1).max(100) })
export const amendBody = z.strictObject({ content: z.union([z.string(), z.array(part).min(1)]) })
export const exportQuery = z.strictObject({ format: z.enum(['jsonl', 'markdown']).optional() })
export const importQuery = z.strictObject({
  /** Whose the sessions become; without it they stay whose they are. For an admin. */
  userId: z.string().min(1).max(200).optional(),
})
export const importReply = z.strictObject({
  import: z.strictObject({
    imported: z.array(z.string()),
    skipped: z.array(z.string()),
    /** How many more there were of both, whose ids are left off. */
    leftOff: z.strictObject({ imported: z.int().min(0), skipped: z.int().min(0) }),
    messages: z.int().min(0),
  }),
})
export const listQuery = z.strictObject({
  limit: limit(200, 20),
  cursor: z.string().max(4096).optional(),
  label: z.string().max(200).optional(),
  /** Another user's; for an admin. */
  userId: z.string().max(200).optional(),
})
export const viewQuery = z.strictObject({
  /** `messages`: the newest 50 too. */
  include: z.string().optional(),
})
export const historyQuery = z.strictObject({
  limit: limit(1000, 50),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
  /** `forward` (default): from the first message on; `backward`: from the newest back. Each page is oldest first. */
  direction: z.enum(['forward', 'backward']).default('forward'),
  branch: z.enum(['active', 'all']).default('active'),
})
export const contextQuery = z.strictObject({
  maxTokens: limit(10_000_000, 8000),
  query: z.string().max(10_000).optional(),
  phase: z.string().max(200).optional(),
  /** What of the session is shown beside the conversation: `preferences,cart,state` or some of them. */
  include: z
    .string()
    .max(100)
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(['memory', 'preferences', 'cart', 'state'])))
    .optional(),
})
export const rewindBody = z.strictObject({
  /** The last message to keep; 0 goes back to the start. */
  toSeq: z.int().min(0),
})
export const forkBody = z.looseObject({
  /** The last message to copy (default: the newest). */
  atSeq: z.int().min(0).optional(),
  /** The same as a place in the conversation, from 0. */
  fromMessageIndex: z.int().min(0).optional(),
  title,
  include: z.array(z.enum(['state', 'preferences', 'cart'])).optional(),
})
export const compactBody = z.looseObject({
  /** The newest messages that stay as they are; by default as many as have `maxTokens` tokens. */
  maxMessages: z.int().min(0).optional(),
  maxTokens: z.int().min(0).optional(),
})
export const quantityBody = z.strictObject({ quantity: z.int().min(0).max(10_000) })
export const itemBody = cartItemInputSchema
export const watchQuery = z.strictObject({ after: z.coerce.number().int().min(0).optional() })
