import * as z from 'zod/mini'
import * as schemas from '../schemas.js'

/** What clients of `unified-llm-client` send and get: as every client, and what its own contain. */

// `messages,cost,usage`, of which it takes any, and passes over what it does not know.
const include = { include: z.optional(schemas.names) }
export const viewQuery = z.strictObject(include)
export const messageQuery = z.extend(schemas.messageQuery, include)

const count = z.int().check(z.minimum(0))
const model = { model: z.optional(z.string()), provider: z.optional(z.string()) }
const messageView = z.extend(schemas.messageView, { pinned: z.optional(z.literal(true)) })
const tenant = { tenantId: z.string() }

const sessionView = z.extend(schemas.sessionView, {
  ...tenant,
  ...model,
  system: z.optional(z.string()),
  totals: z.strictObject({
    cachedTokens: count,
    costUSD: z.number(),
    inputTokens: count,
    outputTokens: count,
    reasoningTokens: count,
  }),
  usage: z.optional(z.null()),
  messages: z.array(messageView),
  /** Where the messages before these are, for a conversation that is too long for one reply. */
  previousCursor: z.optional(z.string()),
})

export const sessionReply = z.strictObject({ session: sessionView })
export const sessionPage = z.strictObject({
  ...tenant,
  sessions: z.extend(schemas.sessionPage.shape.sessions, {
    items: z.array(
      z.extend(schemas.sessionView, {
        sessionId: z.string(),
        ...tenant,
        ...model,
        totalCostUSD: z.number(),
        version: count,
      }),
    ),
  }),
})
export const messagePage = z.extend(schemas.messagePage, {
  ...tenant,
  messages: z.extend(schemas.messagePage.shape.messages, { items: z.array(messageView) }),
})
export const deletedReply = z.extend(schemas.deletedReply, tenant)
export const forkReply = z.extend(schemas.forkReply, { session: sessionView })
export const compactReply = z.extend(schemas.compactReply, { session: sessionView })

const response = schemas.turnReply.shape.response
export const turnReply = z.extend(schemas.turnReply, {
  response: z.extend(response, {
    ...model,
    usage: z.extend(response.shape.usage, {
      cachedTokens: count,
      cachedReadTokens: z.optional(count),
      cachedWriteTokens: z.optional(count),
      cost: z.string(),
      costUSD: z.number(),
    }),
    toolCalls: z.array(z.strictObject({ id: z.string(), name: z.string(), args: schemas.anyJson })),
    raw: z.null(),
  }),
  messages: z.array(messageView),
  session: sessionView,
})
