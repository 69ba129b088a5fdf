import { callerOf } from '../audit/caller.js'
import { audited, beginAudited, followed, type Settle } from '../audit/audited.js'
import { type Identity, isAdmin } from '../domain/identity.js'
import type { LiveSession } from '../service/live-session.js'
import type { Service } from '../service/service.js'
import { checkAdminExport, checkAdminReads } from '../session/admin-reads.js'
import { type ExportOptions, exportSessions } from './export-sessions.js'
import { importSessions, type ImportReport } from './import-sessions.js'
import type { TextSource } from './lines-in.js'

/** Writes to the audit that a session is about to be exported. @throws `unavailable`, `forbidden` */
export async function beginSessionExport(live: LiveSession): Promise<Settle> {
  const { service, ref, identity } = live
  checkAdminReads(live)
  const { tenantId, id: sessionId } = ref
  return beginAudited(service, { ...callerOf(identity), tenantId, sessionId, action: 'session.export' })
}

/** Writes to the audit that the sessions of a user, or of a tenant, are about to be exported. @throws `unavailable`, `forbidden` */
export async function beginExport(
  service: Service,
  identity: Identity,
  { userId = isAdmin(identity) ? undefined : identity.userId }: ExportOptions,
): Promise<Settle> {
  checkAdminExport(service, identity, userId)
  const { tenantId } = identity
  const subject = userId === undefined ? undefined : { tenantId, userId }
  const action = subject === undefined ? 'tenant.export' : 'user.export'
  return beginAudited(service, { ...callerOf(identity), tenantId, subject, action })
}

/** As `exportSessions`, on record. */
export async function* exportFor(
  service: Service,
  identity: Identity,
  options: ExportOptions,
): AsyncGenerator<string, void, undefined> {
  const settle = await beginExport(service, identity, options)
  yield* followed(settle, exportSessions(service, identity, options))
}

/** As `importSessions`, on record. */
export function importFor(service: Service, identity: Identity, source: TextSource): Promise<ImportReport> {
  const { tenantId, userId } = identity
  const subject = userId === undefined ? undefined : { tenantId, userId }
  const happening = { ...callerOf(identity), tenantId, subject, action: 'sessions.import' }
  const detailOf = ({ imported, leftOff, messages }: ImportReport) => ({
    sessions: imported.length + leftOff.imported,
    messages,
  })
  return audited(service, happening, async () => importSessions(service, identity, source), detailOf)
}
