import * as z from 'zod/mini'
import { transferKeySchema } from '../../transfer/redemption.js'
import { transferOptionsSchema } from '../../transfer/options.js'
import { sessionView } from '../schemas.js'

/** Transfers on the wire. */

const time = z.iso.datetime()
const count = z.int().check(z.minimum(0))
const mode = transferOptionsSchema.shape.mode

export const transferBody = transferOptionsSchema
export const describeBody = transferKeySchema
export const redeemBody = z.extend(transferKeySchema, {
  /** Names this redemption; a device that waits for approval sends the same one again. */
  redemptionId: z.optional(z.string().check(z.minLength(16), z.maxLength(200))),
  /** The user knows which session this device leaves. */
  replace: z.optional(z.boolean()),
})
export const approveBody = z.strictObject({ matchCode: z.string().check(z.regex(/^\d{2}$/)) })

export const startedReply = z.strictObject({
  sessionId: z.string(),
  transferId: z.string(),
  mode,
  /** The link, and the text of a QR code. */
  url: z.optional(z.string()),
  secret: z.string(),
  shortCode: z.string(),
  expiresAt: time,
  shortCodeExpiresAt: time,
})
export const transfersReply = z.strictObject({
  sessionId: z.string(),
  transfers: z.array(
    z.strictObject({
      transferId: z.string(),
      mode,
      audience: z.optional(z.string()),
      expiresAt: time,
      status: z.enum(['open', 'waiting', 'approved', 'redeemed']),
      matchCode: z.optional(z.string()),
    }),
  ),
})
export const endedReply = z.strictObject({
  sessionId: z.string(),
  transferId: z.string(),
  status: z.enum(['revoked', 'denied', 'approved']),
})
const summary = {
  sessionId: z.string(),
  title: z.optional(z.string()),
  messageCount: count,
  itemCount: count,
}
const description = z.strictObject({
  transferId: z.string(),
  mode,
  ...summary,
  needsApproval: z.boolean(),
  expiresAt: time,
  returnTo: z.optional(z.string()),
})
export const describeReply = z.strictObject({ transfer: description })
export const redeemReply = z.union([
  z.strictObject({
    status: z.literal('redeemed'),
    transferId: z.string(),
    mode,
    session: sessionView,
    returnTo: z.optional(z.string()),
  }),
  z.strictObject({
    /** The source has to approve. */
    status: z.literal('pending'),
    transferId: z.string(),
    mode,
    redemptionId: z.string(),
    matchCode: z.string(),
    expiresAt: time,
  }),
])
export const howReply = z.strictObject({ redeem: z.string(), describe: z.string(), detail: z.string() })
