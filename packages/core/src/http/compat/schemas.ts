import * as z from 'zod'
import * as schemas from '../schemas.js'

/** The bodies of replies to clients of `unified-llm-client`: those of every client, and what its own replies contain. */

const count = z.int().min(0)
const model = { model: z.string().optional(), provider: z.string().optional() }
const messageView = schemas.messageView.extend({ pinned: z.literal(true).optional() })
const tenant = { tenantId: z.string() }

const sessionView = schemas.sessionView.extend({
  ...tenant,
  ...model,
  system: z.string().optional(),
  totals: z.strictObject({
    cachedTokens: count,
    costUSD: z.number(),
    inputTokens: count,
    outputTokens: count,
    reasoningTokens: count,
  }),
  usage: z.null().optional(),
  messages: z.array(messageView),
  /** Where the messages before these are, for a conversation that is too long for one reply. */
  previousCursor: z.string().optional(),
})

export const sessionReply = z.strictObject({ session: sessionView })
export const sessionPage = z.strictObject({
  ...tenant,
  sessions: schemas.sessionPage.shape.sessions.extend({
    items: z.array(
      schemas.sessionView.extend({
        sessionId: z.string(),
        ...tenant,
        ...model,
        totalCostUSD: z.number(),
        version: count,
      }),
    ),
  }),
})
export const messagePage = schemas.messagePage.extend({
  ...tenant,
  messages: schemas.messagePage.shape.messages.extend({ items: z.array(messageView) }),
})
export const deletedReply = schemas.deletedReply.extend(tenant)
export const forkReply = schemas.forkReply.extend({ session: sessionView })
export const compactReply = schemas.compactReply.extend({ session: sessionView })

const response = schemas.turnReply.shape.response
export const turnReply = schemas.turnReply.extend({
  response: response.extend({
    ...model,
    usage: response.shape.usage.extend({
      cachedTokens: count,
      cachedReadTokens: count.optional(),
      cachedWriteTokens: count.optional(),
      cost: z.string(),
      costUSD: z.number(),
    }),
    toolCalls: z.array(z.strictObject({ id: z.string(), name: z.string(), args: schemas.anyJson })),
    raw: z.null(),
  }),
  messages: z.array(messageView),
  session: sessionView,
})
