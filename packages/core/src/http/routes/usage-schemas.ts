import * as z from 'zod'
import type { UsageKey } from '../../domain/usage.js'

const time = z.iso.datetime()
const id = z.string().min(1).max(200)
const keys = ['user', 'session', 'provider', 'model', 'label'] as const satisfies readonly UsageKey[]

export const usageQuery = z.strictObject({
  /** What each group is of, separated by commas. */
  by: z
    .string()
    .max(60)
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(keys)))
    .optional(),
  bucket: z.enum(['hour', 'day']).optional(),
  from: time.optional(),
  to: time.optional(),
  userId: id.optional(),
  sessionId: id.optional(),
  format: z.enum(['json', 'csv']).optional(),
})

const count = z.number().min(0)
const totals = {
  turns: count,
  unpriced: count,
  inputTokens: count,
  outputTokens: count,
  cachedInputTokens: count,
  cacheWriteTokens: count,
  reasoningTokens: count,
  /** Decimal texts, by currency. */
  costs: z.record(z.string(), z.string()),
}

export const usageReport = z.strictObject({
  usage: z.strictObject({
    groups: z.array(
      z.strictObject({
        at: time.optional(),
        user: z.string().optional(),
        sessionId: z.string().optional(),
        provider: z.string().optional(),
        model: z.string().optional(),
        label: z.string().optional(),
        ...totals,
      }),
    ),
    total: z.strictObject(totals),
  }),
})
