import { parseIdentity } from '../domain/identity.js'
import { parseId } from '../ids.js'
import { checkOptions } from '../options.js'
import type { Service } from '../service/service.js'
import type { AuditCheckpoint } from '../service/settings.js'
import type { TenantUser } from '../service/user-record.js'
import { type AuditLog, auditLogOf } from './audit-log.js'
import type { AuditQuery } from './audit-query.js'
import { audited } from './audited.js'
import { nobodysTenant } from './caller.js'
import { makeCheckpoints } from './checkpoint.js'
import { type AuditEntry, type AuditInput, parseInput } from './entry.js'
import { listEntries } from './list.js'
import { type AuditVerdict, type VerifyAuditOptions, verifyLanes } from './verify.js'

// The verbs of `sessions.audit`, of a service that has an audit.

export async function appendEntry(service: Service, entry: AuditInput): Promise<AuditEntry> {
  const log = theLog(service)
  const { outcome, id, ...happening } = toHappening(entry)
  return log.write(happening.tenantId, await log.entryOf(happening, outcome, id))
}

export async function duringEntry<T>(
  service: Service,
  entry: Omit<AuditInput, 'outcome'>,
  act: () => Promise<T>,
): Promise<T> {
  const { outcome: _, id, ...happening } = toHappening(entry)
  return audited(service, { ...happening, id }, act)
}

/** @param query It was checked. */
export function entriesOf(service: Service, query: AuditQuery): AsyncGenerator<AuditEntry, void, undefined> {
  return listEntries(theLog(service), query)
}

export async function pseudonymIn(
  service: Service,
  { tenantId, userId }: TenantUser,
): Promise<string | undefined> {
  return theLog(service).subjects.find({ tenantId: checkTenant(tenantId), userId: parseId(userId, 'userId') })
}

export async function verifyLog(service: Service, options: VerifyAuditOptions): Promise<AuditVerdict> {
  checkOptions<VerifyAuditOptions>(options, { tenantId: 'text', checkpoint: 'object' })
  return verifyLanes(theLog(service).lanes, checkTenant(options.tenantId), options.checkpoint)
}

export async function writeCheckpoints(
  service: Service,
  { tenantId }: { readonly tenantId: string },
): Promise<readonly AuditCheckpoint[]> {
  return makeCheckpoints(service, theLog(service), checkTenant(tenantId))
}

const theLog = (service: Service): AuditLog => auditLogOf(service)!

/** @throws `invalid` */
function checkTenant(tenantId: string): string {
  return tenantId === nobodysTenant ? tenantId : parseIdentity({ tenantId }).tenantId
}

function toHappening(given: AuditInput) {
  const { tenantId, subject, actor, ...entry } = parseInput(given)
  const user = subject === undefined ? undefined : { tenantId: checkTenant(tenantId), userId: subject.userId }
  return { ...entry, actor, tenantId: checkTenant(tenantId), subject: user }
}
