import type { SessionRecord } from '../contract/session-record.js'
import type { AnalyticsQuery, AnalyticsReport, AnalyticsSpan, SessionFacts } from '../domain/analytics.js'
import type { Service } from '../service/service.js'
import { pause } from '../async/slices.js'
import { reportOf } from './analytics-report.js'
import { analyticsOf, followAnalytics } from './follow-analytics.js'
import { countFacts } from './count-facts.js'
import { parseAnalyticsQuery } from './parse-query.js'
import { FactsReader } from './facts-reader.js'

const maxSessions = 20_000
const pageSize = 200
// Calls of the store that wait at the same moment: the store has other callers.
const together = 20
// A store says to the minute when a session was last active.
const marginMs = 120_000

/**
 * What the sessions of a tenant say together. Reads each session of the span and keeps nothing, but where the application
 * has a log: then it reads what is new since the last time.
 *
 * @throws `invalid`
 */
export async function queryAnalytics(service: Service, given: AnalyticsQuery): Promise<AnalyticsReport> {
  const span = parseAnalyticsQuery(given)
  const keeping = analyticsOf(service)
  if (keeping !== undefined) {
    const complete = await followAnalytics(service, span.tenantId)
    return { ...(await reportOf(keeping.log, span)), complete }
  }
  const reader = new FactsReader(service, span.tenantId, ({ id, userId }) =>
    userId === undefined ? `session ${id}` : `user ${userId}`,
  )
  const facts: SessionFacts[] = []
  let withoutConsent = 0
  let isAll = false
  for await (const page of pagesOf(service, span)) {
    isAll = page.isLast
    for (let index = 0; index < page.records.length; index += together) {
      const records = page.records.slice(index, index + together)
      const read = await Promise.all(records.map(async (item) => reader.read(item)))
      for (const one of read) {
        if (one?.facts !== undefined) facts.push(one.facts)
        else if (one !== undefined && one.record.createdAt >= span.from) withoutConsent++
      }
      await pause()
    }
  }
  const report = await reportOf(countFacts(facts, withoutConsent), span)
  return { ...report, complete: isAll && reader.isComplete }
}

/** The sessions that may say something of a span, the last active first, each once. */
async function* pagesOf(
  { store }: Service,
  { tenantId, from, to }: AnalyticsSpan,
): AsyncGenerator<{ readonly records: readonly SessionRecord[]; readonly isLast: boolean }, void> {
  const seen = new Set<string>()
  let begunAt: number | undefined
  let looked = 0
  let since = from
  // A session that became active after the first page has moved before it: the second walk finds it there.
  for (const isAgain of [false, true]) {
    let cursor: string | undefined
    do {
      const next = cursor === undefined ? {} : { cursor }
      const page = await store.list({ tenantId, limit: pageSize, ...next })
      begunAt ??= page.items[0]?.activeAt ?? 0
      const active = page.items.filter(({ activeAt }) => activeAt >= since - marginMs)
      looked += page.items.length
      const isOnly = !isAgain && cursor === undefined && page.cursor === undefined
      cursor = active.length < page.items.length ? undefined : page.cursor
      const records = active.filter(({ id, createdAt }) => createdAt < to && !seen.has(id))
      for (const { id } of records) seen.add(id)
      yield { records, isLast: cursor === undefined && (isAgain || isOnly) }
      if (isOnly) return
    } while (cursor !== undefined && looked < maxSessions)
    if (cursor !== undefined) return
    since = Math.max(from, begunAt)
  }
}
