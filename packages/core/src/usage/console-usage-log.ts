import type { UsageEvent, UsageLog } from '../domain/usage.js'

// Fields that may be told, whatever a later event holds.
const told = [
  'id',
  'user',
  'sessionId',
  'label',
  'outcome',
  'provider',
  'model',
  'inputTokens',
  'outputTokens',
  'cachedInputTokens',
  'cacheWriteTokens',
  'reasoningTokens',
] as const satisfies readonly (keyof UsageEvent)[]

/**
 * Writes a line of JSON for each turn, and keeps nothing: for a log collector, and for development.
 *
 * @param write Default: `console.log`.
 */
export function consoleUsageLog(write: (line: string) => void = console.log): UsageLog {
  return {
    append: async (tenantId, events) => {
      for (const event of events) {
        const fields = told.flatMap((name) => (event[name] === undefined ? [] : [[name, event[name]]]))
        const { amount: cost, currency } = event.cost ?? {}
        const line = { at: new Date(event.at).toISOString(), tenantId, ...Object.fromEntries(fields) }
        write(`[sessions] usage ${JSON.stringify({ ...line, cost, currency })}`)
      }
      return events.length
    },
  }
}
