import * as z from 'zod/mini'
import { moment } from '../moment.js'

const time = z.iso.datetime()
const id = z.string().check(z.minLength(1), z.maxLength(200))

export const auditQuery = z.strictObject({
  limit: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(200)), 50),
  cursor: z.optional(z.string().check(z.maxLength(600))),
  from: z.optional(moment),
  to: z.optional(moment),
  /** An action, or the beginning of several: `user` for `user.erase` and `user.export`. */
  action: z.optional(z.string().check(z.maxLength(60))),
  /** The id of the user who did it. */
  actor: z.optional(id),
  /** The id of the user it was about. */
  subject: z.optional(id),
  sessionId: z.optional(id),
  /** `true`: only intents without an outcome. */
  unsettled: z.optional(z.stringbool()),
})

export const auditPage = z.strictObject({
  audit: z.strictObject({
    items: z.array(
      z.strictObject({
        id: z.string(),
        at: time,
        action: z.string(),
        actor: z.string(),
        subject: z.optional(z.string()),
        sessionId: z.optional(z.string()),
        outcome: z.enum(['intent', 'done', 'refused', 'failed']),
        requestId: z.optional(z.string()),
        detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
        lane: z.string(),
        seq: z.int().check(z.minimum(1)),
      }),
    ),
    nextCursor: z.optional(z.string()),
  }),
})
