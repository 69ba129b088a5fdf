import * as z from 'zod/mini'
import { moment } from '../moment.js'
import { analyticsTables } from '../../analytics/analytics-csv.js'

const time = z.iso.datetime()
const count = z.int().check(z.minimum(0))

export const analyticsQuery = z.strictObject({
  from: z.optional(moment),
  to: z.optional(moment),
  bucket: z.optional(z.enum(['day', 'week'])),
  /** The preference by whose values sessions are grouped. */
  segmentBy: z.optional(z.string().check(z.minLength(1), z.maxLength(100))),
  /** The smallest group that is told; below 5 it is for the code of the application. */
  minGroup: z.optional(z.coerce.number<string>().check(z.int(), z.minimum(5), z.maximum(1000))),
  format: z.optional(z.enum(['json', 'csv'])),
  /** Which table a CSV is of. */
  table: z.optional(z.enum(analyticsTables)),
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
      z.strictObject({ from: z.optional(z.string()), to: z.optional(z.string()), sessions: count }),
    ),
    segments: z.array(z.strictObject({ segment: z.string(), ...group })),
    arms: z.array(z.strictObject({ experiment: z.string(), version: z.string(), arm: z.string(), ...group })),
    cohorts: z.array(z.strictObject({ at: time, users: count, returned: z.array(count) })),
    withheld: count,
    complete: z.boolean(),
  }),
})
