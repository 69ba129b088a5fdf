import { recordOf } from '../../audit/access.js'
import type { Identity } from '../../domain/identity.js'
import { toIso } from '../../time.js'
import { usageCsv } from '../../usage/usage-csv.js'
import { asksForCsv, checkAdmin, csvResponse, csvType } from '../admin-csv.js'
import { toMoment } from '../moment.js'
import { type Route, route } from '../route.js'
import * as schemas from './usage-schemas.js'

/** What admins may see of the usage of their tenant. */
export const usageRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/usage',
    operation: 'readUsage',
    summary: 'What the turns of the tenant used and cost, as JSON or CSV; for admins',
    query: schemas.usageQuery,
    response: schemas.usageReport,
    also: [csvType],
    async handle(call) {
      const {
        api,
        mine: { identity },
        query,
      } = call
      checkAdmin(identity, 'usage')
      const { by, bucket, from, to, userId, sessionId, format } = query
      await recordOf(api.service, identity, { action: 'admin.usage', ...ofUser(identity, userId) })
      const shape = { ...(by === undefined ? {} : { by }), ...(bucket === undefined ? {} : { bucket }) }
      const report = await api.sessions.usage({
        ...shape,
        tenantId: identity.tenantId,
        ...(from === undefined ? {} : { from: toMoment(from) }),
        ...(to === undefined ? {} : { to: toMoment(to) }),
        ...(userId === undefined ? {} : { userId }),
        ...(sessionId === undefined ? {} : { sessionId }),
      })
      if (asksForCsv(call, format)) return csvResponse(call, 'usage', usageCsv(report, shape))
      const { groups, total } = report
      const shown = groups.map(({ at, ...group }) => ({
        ...(at === undefined ? {} : { at: toIso(at) }),
        ...group,
      }))
      return { body: { usage: { groups: shown, total } } }
    },
  }),
]

function ofUser({ tenantId }: Identity, userId: string | undefined) {
  return userId === undefined ? {} : { subject: { tenantId, userId } }
}
