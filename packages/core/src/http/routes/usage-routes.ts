import { recordOf } from '../../audit/access.js'
import { type Identity, isAdmin } from '../../domain/identity.js'
import { SessionError } from '../../errors.js'
import { toIso } from '../../time.js'
import { usageCsv } from '../../usage/usage-csv.js'
import { type Route, route } from '../route.js'
import { textStream } from '../text-stream.js'
import * as schemas from './usage-schemas.js'

const csv = 'text/csv'

/** What admins may see of the usage of their tenant. */
export const usageRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/usage',
    operation: 'readUsage',
    summary: 'What the turns of the tenant used and cost, as JSON or CSV; for admins',
    query: schemas.usageQuery,
    response: schemas.usageReport,
    also: [csv],
    async handle({ api, mine: { identity }, query, request, headers }) {
      checkAdmin(identity)
      const { by, bucket, from, to, userId, sessionId, format } = query
      await recordOf(api.service, identity, { action: 'admin.usage', ...ofUser(identity, userId) })
      const shape = { ...(by === undefined ? {} : { by }), ...(bucket === undefined ? {} : { bucket }) }
      const report = await api.sessions.usage({
        ...shape,
        tenantId: identity.tenantId,
        ...(from === undefined ? {} : { from: Date.parse(from) }),
        ...(to === undefined ? {} : { to: Date.parse(to) }),
        ...(userId === undefined ? {} : { userId }),
        ...(sessionId === undefined ? {} : { sessionId }),
      })
      headers.append('Vary', 'Accept')
      const accepted = request.headers.get('accept') ?? ''
      if ((format ?? (accepted.includes(csv) ? 'csv' : 'json')) === 'csv') {
        const onEnd = api.openStreams.enter(identity, 'usage')
        const disposition = 'attachment; filename="usage.csv"'
        return new Response(textStream(pieces(usageCsv(report, shape)), onEnd), {
          headers: {
            'Content-Type': `${csv}; charset=utf-8; header=present`,
            'Content-Disposition': disposition,
          },
        })
      }
      const { groups, total } = report
      const shown = groups.map(({ at, ...group }) => ({
        ...(at === undefined ? {} : { at: toIso(at) }),
        ...group,
      }))
      return { body: { usage: { groups: shown, total } } }
    },
  }),
]

/** @throws `unauthenticated`, `forbidden` */
function checkAdmin(identity: Identity): void {
  if (isAdmin(identity)) return
  if (identity.userId === undefined) throw new SessionError('unauthenticated', 'Sign in first.')
  throw new SessionError('forbidden', 'Only an admin may see the usage.')
}

function ofUser({ tenantId }: Identity, userId: string | undefined) {
  return userId === undefined ? {} : { subject: { tenantId, userId } }
}

async function* pieces(lines: Iterable<string>): AsyncGenerator<string, void, undefined> {
  yield* lines
}
