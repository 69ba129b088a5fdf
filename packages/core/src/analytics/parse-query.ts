import type { AnalyticsQuery, AnalyticsSpan } from '../domain/analytics.js'
import { parseIdentity } from '../domain/identity.js'
import { SessionError } from '../errors.js'
import { checkOptions } from '../options.js'
import { parseCount } from '../parse.js'

const dayMs = 86_400_000

/** @throws `invalid` */
export function parseAnalyticsQuery(given: AnalyticsQuery): AnalyticsSpan {
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
  return { tenantId, from, to, bucketMs: bucket === 'day' ? dayMs : 7 * dayMs, segmentBy, minGroup }
}
