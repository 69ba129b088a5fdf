import type { SessionRecord } from '../contract/session-record.js'
import type { StoredSession } from '../contract/session-store.js'
import type { AnalyticsQuery, AnalyticsReport } from '../domain/analytics.js'
import type { Consents } from '../domain/consent.js'
import { parseIdentity } from '../domain/identity.js'
import { decodeBody, type SessionBody } from '../domain/session-body.js'
import { isSessionError, SessionError } from '../errors.js'
import { checkOptions } from '../options.js'
import { parseCount } from '../parse.js'
import { isAllowed, readConsents } from '../service/consent.js'
import type { Service } from '../service/service.js'
import { pause } from '../slices.js'
import { reportOf } from './analytics-report.js'
import { factsOf, type SessionFacts } from './session-facts.js'

const maxSessions = 20_000
const pageSize = 200
// Calls of the store that wait at the same moment: the store has other callers.
const together = 20
// A store says to the minute when a session was last active.
const marginMs = 120_000

/** What the sessions of a tenant say together. Reads each session of the span, and keeps nothing. @throws `invalid` */
export async function queryAnalytics(service: Service, given: AnalyticsQuery): Promise<AnalyticsReport> {
  const query = given ?? ({} as AnalyticsQuery)
  checkOptions<AnalyticsQuery>(query, {
    tenantId: 'text',
    from: 'number',
    to: 'number',
    bucket: ['day', 'week'],
    segmentBy: 'text',
    minGroup: 'number',
  })
  const { from = 0, to = Number.MAX_SAFE_INTEGER, bucket = 'day', segmentBy, minGroup = 5 } = query
  parseCount(from, 'from')
  parseCount(to, 'to')
  if (from >= to) throw new SessionError('invalid', 'to must be after from', { path: 'to' })
  if (!Number.isInteger(minGroup) || minGroup < 1 || minGroup > 1000) {
    const path = 'minGroup'
    throw new SessionError('invalid', 'minGroup must be a whole number from 1 to 1000', { path })
  }
  const { tenantId } = parseIdentity({ tenantId: query.tenantId })
  const asks = consentOf(service, tenantId)
  const facts: SessionFacts[] = []
  let withoutConsent = 0
  let looked = 0
  let cursor: string | undefined
  do {
    const page = await service.store.list({
      tenantId,
      limit: pageSize,
      ...(cursor === undefined ? {} : { cursor }),
    })
    const active = page.items.filter(({ activeAt }) => activeAt >= from - marginMs)
    const wanted = active.filter(({ createdAt }) => createdAt >= from && createdAt < to)
    for (let index = 0; index < wanted.length; index += together) {
      const read = await Promise.all(
        wanted.slice(index, index + together).map((item) => service.store.read(item)),
      )
      for (const stored of read) {
        const body = bodyOf(stored)
        if (stored === undefined || body === undefined) continue
        if (await asks(stored.record, body)) facts.push(factsOf(stored.record, body))
        else withoutConsent++
        await pause()
      }
    }
    looked += page.items.length
    cursor = active.length < page.items.length ? undefined : page.cursor
  } while (cursor !== undefined && looked < maxSessions)
  const shape = { bucket, minGroup, ...(segmentBy === undefined ? {} : { segmentBy }) }
  return reportOf(facts, shape, { withoutConsent, complete: cursor === undefined })
}

/** Whether the one whose session it is allows analytics; of each user it is read once. */
function consentOf(service: Service, tenantId: string) {
  const known = new Map<string, Promise<Consents | undefined>>()
  return async ({ userId }: SessionRecord, body: SessionBody): Promise<boolean> => {
    if (service.consent === undefined) return true
    if (userId === undefined) return isAllowed(service, 'analytics', body.consent)
    const reading = known.get(userId) ?? readConsents(service, { tenantId, userId })
    known.set(userId, reading)
    return isAllowed(service, 'analytics', await reading)
  }
}

/** One session that nobody can read must not hide the others. */
function bodyOf(stored: StoredSession | undefined): SessionBody | undefined {
  if (stored === undefined) return undefined
  try {
    return decodeBody(stored.body)
  } catch (error) {
    if (isSessionError(error, 'corrupt')) return undefined
    throw error
  }
}
