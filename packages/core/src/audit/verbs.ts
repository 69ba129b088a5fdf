import * as z from 'zod/mini'
import { parseIdentity } from '../domain/identity.js'
import { SessionError } from '../errors.js'
import { parseId } from '../ids.js'
import { checkOptions } from '../options.js'
import { checkWith } from '../parse.js'
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
  if (typeof act !== 'function') throw new SessionError('invalid', 'act must be a function', { path: 'act' })
  return audited(service, { ...happening, id }, act)
}

/** @param query It was checked. */
export function entriesOf(service: Service, query: AuditQuery): AsyncGenerator<AuditEntry, void, undefined> {
  return listEntries(theLog(service), query)
}

export async function pseudonymIn(service: Service, user: TenantUser): Promise<string | undefined> {
  const { tenantId, userId } = user ?? ({} as TenantUser)
  return theLog(service).subjects.find({ tenantId: checkTenant(tenantId), userId: parseId(userId, 'userId') })
}

export async function verifyLog(service: Service, options: VerifyAuditOptions): Promise<AuditVerdict> {
  checkOptions<VerifyAuditOptions>(options ?? null, { tenantId: 'text', checkpoint: 'object' })
  const tenantId = checkTenant(options.tenantId)
  const { checkpoint } = options
  if (checkpoint !== undefined) checkCheckpoint(checkpoint, tenantId)
  return verifyLanes(theLog(service).lanes, tenantId, checkpoint)
}

const checkpointSchema = z.looseObject({
  tenantId: z.string(),
  seq: z.int().check(z.minimum(1)),
  hash: z.string().check(z.minLength(1)),
})

/** One that says nothing would be found to be right. @throws `invalid` */
function checkCheckpoint(checkpoint: AuditCheckpoint, tenantId: string): void {
  const { tenantId: own } = checkWith(checkpointSchema, checkpoint, 'checkpoint')
  if (own === tenantId) return
  const path = 'checkpoint.tenantId'
  throw new SessionError('invalid', `${path}: the checkpoint is of another tenant`, { path })
}

export async function writeCheckpoints(
  service: Service,
  options: { readonly tenantId: string },
): Promise<readonly AuditCheckpoint[]> {
  checkOptions<{ tenantId: string }>(options ?? null, { tenantId: 'text' })
  return makeCheckpoints(service, theLog(service), checkTenant(options.tenantId))
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
