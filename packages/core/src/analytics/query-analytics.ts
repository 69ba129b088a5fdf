import type { SessionRecord } from '../contract/session-record.js'
import type { AnalyticsQuery, AnalyticsReport, SessionFacts } from '../domain/analytics.js'
import type { Service } from '../service/service.js'
import { pause } from '../slices.js'
import { reportOf } from './analytics-report.js'
import { type AnalyticsSpan, parseAnalyticsQuery } from './parse-query.js'
import { FactsReader } from './facts-reader.js'

const maxSessions = 20_000
const pageSize = 200
// Calls of the store that wait at the same moment: the store has other callers.
const together = 20
// A store says to the minute when a session was last active.
const marginMs = 120_000

/** What the sessions of a tenant say together. Reads each session of the span, and keeps nothing. @throws `invalid` */
export async function queryAnalytics(service: Service, given: AnalyticsQuery): Promise<AnalyticsReport> {
  const span = parseAnalyticsQuery(given)
  const reader = new FactsReader(service, span.tenantId)
  const facts: SessionFacts[] = []
  let withoutConsent = 0
  let isAll = false
  for await (const page of pagesOf(service, span)) {
    isAll = page.isLast
    for (let index = 0; index < page.records.length; index += together) {
      const records = page.records.slice(index, index + together)
      const read = await Promise.all(records.map(async (item) => reader.read(item)))
      for (const [at, one] of read.entries()) {
        if (one !== 'without consent') facts.push(...(one === undefined ? [] : [one]))
        else if (records[at]!.createdAt >= span.from) withoutConsent++
      }
      await pause()
    }
  }
  const report = await reportOf(facts, span)
  return { ...report, withoutConsent, complete: isAll && reader.isComplete }
}

/** The sessions that may say something of a span, the last active first. */
async function* pagesOf(
  { store }: Service,
  { tenantId, from, to }: AnalyticsSpan,
): AsyncGenerator<{ readonly records: readonly SessionRecord[]; readonly isLast: boolean }, void> {
  let cursor: string | undefined
  let looked = 0
  do {
    const next = cursor === undefined ? {} : { cursor }
    const page = await store.list({ tenantId, limit: pageSize, ...next })
    const active = page.items.filter(({ activeAt }) => activeAt >= from - marginMs)
    looked += page.items.length
    cursor = active.length < page.items.length ? undefined : page.cursor
    yield { records: active.filter(({ createdAt }) => createdAt < to), isLast: cursor === undefined }
  } while (cursor !== undefined && looked < maxSessions)
}
