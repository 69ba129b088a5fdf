import type { SessionRecord } from '../contract/session-record.js'
import { type Identity, isAdmin, isByRole } from '../domain/identity.js'
import type { Service } from '../service/service.js'
import { callerOf } from './caller.js'
import { auditOf, noteAudit } from './note.js'
import { suspicionsOf } from './suspicions.js'

/**
 * Puts on record that an admin gets a session of somebody else, before the admin has it.
 *
 * @throws `unavailable` when it could not be written
 */
export async function recordAccess(
  service: Service,
  identity: Identity,
  record: SessionRecord,
  holdsCredential: boolean,
): Promise<void> {
  if (!isByRole(identity, record, holdsCredential)) return
  const { tenantId, id: sessionId, userId } = record
  const subject = userId === undefined ? undefined : { tenantId, userId }
  await recordOf(service, identity, { action: 'admin.open', sessionId, subject })
}

/** Puts on record that an admin lists sessions of others. @throws `unavailable` */
export async function recordList(
  service: Service,
  identity: Identity,
  { tenantId, userId }: { readonly tenantId: string; readonly userId?: string },
): Promise<void> {
  if (!isAdmin(identity) || (userId !== undefined && userId === identity.userId)) return
  const subject = userId === undefined ? undefined : { tenantId, userId }
  await recordOf(service, identity, { action: 'admin.list', subject })
}

/** Puts on record what an admin gets at. @throws `unavailable` */
export async function recordOf(
  service: Service,
  identity: Identity,
  about: {
    readonly action: `admin.${string}`
    readonly sessionId?: string
    readonly subject?: { readonly tenantId: string; readonly userId: string } | undefined
  },
): Promise<void> {
  const { tenantId } = identity
  await (await auditOf(service))?.writeOf({ ...about, ...callerOf(identity), tenantId }, 'done')
}

/** Tells that a caller was refused a session, and notes it in the audit. */
export function denied(
  service: Service,
  identity: Identity,
  record: SessionRecord,
  reason: 'owner' | 'credential',
): void {
  service.emit('access.denied', record, { reason }, identity)
  if (reason === 'credential') suspicionsOf(service).outdated(record, identity)
  const { tenantId, id: sessionId, userId } = record
  const subject = userId === undefined ? undefined : { tenantId, userId }
  const happening = { ...callerOf(identity), tenantId, action: 'read.denied', sessionId, subject }
  noteAudit(service, { ...happening, detail: { reason } }, 'refused')
}
