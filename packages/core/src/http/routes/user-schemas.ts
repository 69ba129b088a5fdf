import * as z from 'zod/mini'
import { consentChangeSchema } from '../../domain/consent.js'

const time = z.iso.datetime()
const counts = z.record(z.string(), z.int().check(z.minimum(0)))

const decision = { granted: z.boolean(), version: z.string(), source: z.string(), at: time }
const consents = z.strictObject({
  purposes: z.record(z.string(), z.strictObject(decision)),
  history: z.array(z.strictObject({ ...decision, purpose: z.string() })),
})

export const consentBody = consentChangeSchema
export const consentReply = z.strictObject({ consent: consents })
export const consentOutcomeReply = z.extend(consentReply, { removed: counts })

export const receiptView = z.strictObject({
  id: z.string(),
  tenantId: z.string(),
  subject: z.string(),
  by: z.string(),
  reason: z.string(),
  counts,
  copiesElsewhere: z.int().check(z.minimum(0)),
  startedAt: time,
  erasedAt: time,
  signature: z.string(),
})

export const erasureReply = z.strictObject({
  erasure: z.strictObject({
    id: z.string(),
    status: z.enum(['running', 'done']),
    startedAt: time,
    counts,
    receipt: z.optional(receiptView),
  }),
})
