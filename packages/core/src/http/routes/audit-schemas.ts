import * as z from 'zod'

const time = z.iso.datetime()
const id = z.string().min(1).max(200)

export const auditQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(600).optional(),
  from: time.optional(),
  to: time.optional(),
  /** An action, or the beginning of several: `user` for `user.erase` and `user.export`. */
  action: z.string().max(60).optional(),
  /** The id of the user who did it. */
  actor: id.optional(),
  /** The id of the user it was about. */
  subject: id.optional(),
  sessionId: id.optional(),
  /** `true`: only intents without an outcome. */
  unsettled: z.stringbool().optional(),
})

export const auditPage = z.strictObject({
  audit: z.strictObject({
    items: z.array(
      z.strictObject({
        id: z.string(),
        at: time,
        action: z.string(),
        actor: z.string(),
        subject: z.string().optional(),
        sessionId: z.string().optional(),
        outcome: z.enum(['intent', 'done', 'refused', 'failed']),
        requestId: z.string().optional(),
        detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
        lane: z.string(),
        seq: z.int().min(1),
      }),
    ),
    nextCursor: z.string().optional(),
  }),
})
