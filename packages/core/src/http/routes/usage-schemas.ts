import * as z from 'zod/mini'
import { moment } from '../moment.js'
import type { UsageKey } from '../../domain/usage.js'

const time = z.iso.datetime()
const id = z.string().check(z.minLength(1), z.maxLength(200))
const keys = ['user', 'session', 'provider', 'model', 'label'] as const satisfies readonly UsageKey[]

export const usageQuery = z.strictObject({
  /** What each group is of, separated by commas. */
  by: z.optional(
    z.pipe(
      z.pipe(
        z.string().check(z.maxLength(60)),
        z.transform((text) => text.split(',')),
      ),
      z.array(z.enum(keys)),
    ),
  ),
  bucket: z.optional(z.enum(['hour', 'day'])),
  from: z.optional(moment),
  to: z.optional(moment),
  userId: z.optional(id),
  sessionId: z.optional(id),
  format: z.optional(z.enum(['json', 'csv'])),
})

const count = z.number().check(z.minimum(0))
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
        at: z.optional(time),
        user: z.optional(z.string()),
        sessionId: z.optional(z.string()),
        provider: z.optional(z.string()),
        model: z.optional(z.string()),
        label: z.optional(z.string()),
        ...totals,
      }),
    ),
    total: z.strictObject(totals),
  }),
})
