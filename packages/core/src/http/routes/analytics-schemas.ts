import * as z from 'zod'
import { analyticsTables } from '../../analytics/analytics-csv.js'

const time = z.iso.datetime()
const count = z.int().min(0)

export const analyticsQuery = z.strictObject({
  from: time.optional(),
  to: time.optional(),
  bucket: z.enum(['day', 'week']).optional(),
  /** The preference by whose values sessions are grouped. */
  segmentBy: z.string().min(1).max(100).optional(),
  /** The smallest group that is told; below 5 it is for the code of the application. */
  minGroup: z.coerce.number<string>().int().min(5).max(1000).optional(),
  format: z.enum(['json', 'csv']).optional(),
  /** Which table a CSV is of. */
  table: z.enum(analyticsTables).optional(),
})

const group = {
  sessions: count,
  engaged: count,
  carted: count,
  ordered: count,
  /** Minor units, by currency. */
  value: z.record(z.string(), z.int()),
}
const topic = { word: z.string(), count }

export const analyticsReport = z.strictObject({
  analytics: z.strictObject({
    total: z.strictObject(group),
    users: count,
    withoutConsent: count,
    engagement: z.strictObject({ messages: z.number(), turns: z.number(), durationMs: z.number() }),
    over: z.array(z.strictObject({ at: time, users: count, ...group })),
    active: z.array(z.strictObject({ at: time, users: count, sessions: count })),
    topics: z.array(z.strictObject(topic)),
    trends: z.array(z.strictObject({ at: time, ...topic })),
    journeys: z.array(
      z.strictObject({ from: z.string().optional(), to: z.string().optional(), sessions: count }),
    ),
    segments: z.array(z.strictObject({ segment: z.string(), ...group })),
    arms: z.array(z.strictObject({ experiment: z.string(), version: z.string(), arm: z.string(), ...group })),
    cohorts: z.array(z.strictObject({ at: time, users: count, returned: z.array(count) })),
    withheld: count,
    complete: z.boolean(),
  }),
})
