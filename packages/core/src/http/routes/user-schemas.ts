import { z } from 'zod'

const time = z.iso.datetime()
const counts = z.record(z.string(), z.int().min(0))

export const receiptView = z.strictObject({
  id: z.string(),
  tenantId: z.string(),
  subject: z.string(),
  by: z.string(),
  reason: z.string(),
  counts,
  copiesElsewhere: z.int().min(0),
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
    receipt: receiptView.optional(),
  }),
})
