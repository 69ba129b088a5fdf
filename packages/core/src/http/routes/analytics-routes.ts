import { analyticsCsv } from '../../analytics/analytics-csv.js'
import { recordOf } from '../../audit/access.js'
import { toIso } from '../../time.js'
import { asksForCsv, checkAdmin, csvResponse, csvType } from '../admin-csv.js'
import { toMoment } from '../moment.js'
import { type Route, route } from '../route.js'
import * as schemas from './analytics-schemas.js'

/** What admins may see of what the sessions of their tenant say together. */
export const analyticsRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/analytics',
    operation: 'readAnalytics',
    summary: 'What the sessions of the tenant say together, as JSON, or a table of it as CSV; for admins',
    query: schemas.analyticsQuery,
    response: schemas.analyticsReport,
    also: [csvType],
    async handle(call) {
      const {
        api,
        mine: { identity },
        query,
      } = call
      checkAdmin(identity, 'analytics')
      const { from, to, bucket, segmentBy, minGroup, format, table = 'over' } = query
      await recordOf(api.service, identity, { action: 'admin.analytics' })
      const report = await api.sessions.analytics({
        tenantId: identity.tenantId,
        ...(from === undefined ? {} : { from: toMoment(from) }),
        ...(to === undefined ? {} : { to: toMoment(to) }),
        ...(bucket === undefined ? {} : { bucket }),
        ...(segmentBy === undefined ? {} : { segmentBy }),
        ...(minGroup === undefined ? {} : { minGroup }),
      })
      if (asksForCsv(call, format)) return csvResponse(call, 'analytics', analyticsCsv(report, table))
      const { over, active, trends, cohorts } = report
      const shown = {
        ...report,
        over: over.map(timed),
        active: active.map(timed),
        trends: trends.map(timed),
        cohorts: cohorts.map(timed),
      }
      return { body: { analytics: shown } }
    },
  }),
]

const timed = <Step extends { readonly at: number }>(step: Step) => ({ ...step, at: toIso(step.at) })
