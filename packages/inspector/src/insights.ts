import { isSessionError, type Sessions } from '@sessions/core'
import type { Look } from './options.js'

type AnalyticsReport = Awaited<ReturnType<Sessions['analytics']>>
type UsageReport = Awaited<ReturnType<Sessions['usage']>>

/** What a tenant's sessions say together. */
export interface Insights {
  /** The days, in UTC, the oldest first: `2026-03-01`. */
  readonly days: readonly string[]
  /** By days. */
  readonly analytics: AnalyticsReport
  /** By weeks, or by days where there is one week: of a day there are rarely enough users to be told. */
  readonly coarse: AnalyticsReport
  /** Undefined where the application keeps none. */
  readonly usage: UsageReport | undefined
}

export const dayMs = 86_400_000
export const weekDays = 7

/** @param days How many days it goes back, today included. */
export async function insightsOf(look: Look, now: number, days: number): Promise<Insights> {
  const { sessions } = look
  const { tenantId } = look.identity
  const from = Math.floor(now / dayMs) * dayMs - (days - 1) * dayMs
  await record(look)
  const analytics = await sessions.analytics({ tenantId, from })
  const coarse = days > weekDays ? await sessions.analytics({ tenantId, from, bucket: 'week' }) : analytics
  return {
    days: Array.from({ length: days }, (_, index) => dayOf(from + index * dayMs)),
    analytics,
    coarse,
    usage: await usageOf(sessions, tenantId, from),
  }
}

/** The day of a moment, in UTC. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

/** Puts on record who looks, once. */
async function record({ sessions, identity: { tenantId, userId } }: Look): Promise<void> {
  const actor = userId === undefined ? 'admin' : { userId }
  try {
    await sessions.audit.append({ tenantId, action: 'admin.analytics', actor })
  } catch (error) {
    // The application keeps no record.
    if (!isSessionError(error, 'invalid')) throw error
  }
}

async function usageOf(sessions: Sessions, tenantId: string, from: number): Promise<UsageReport | undefined> {
  try {
    return await sessions.usage({ tenantId, from, by: ['model'], bucket: 'day' })
  } catch (error) {
    // The application keeps no usage, or a log that only passes it on.
    if (isSessionError(error, 'invalid')) return undefined
    throw error
  }
}
