import { parseIdentity } from '../domain/identity.js'
import { SessionError } from '../errors.js'
import { parseId } from '../ids.js'
import { checkOptions } from '../options.js'
import type { Service } from '../service/service.js'
import type { AuditCheckpoint } from '../service/settings.js'
import { type AuditLog, auditLogOf, nobodysTenant } from './audit-log.js'
import { audited } from './audited.js'
import { makeCheckpoints } from './checkpoint.js'
import { type AuditEntry, type AuditInput, parseInput } from './entry.js'
import { type AuditQuery, listEntries } from './list.js'
import type { AuditVerdict } from './verify.js'

/** What is checked. */
export interface VerifyAuditOptions {
  /** The tenant. `~nobody` has what was refused before its caller was known. */
  tenantId: string
  /** The newest checkpoint that was kept elsewhere: what it knew of must still be there (default: none). */
  checkpoint?: AuditCheckpoint
}

/** The record of who did what with the data of users. For code that has checked who asks. */
export interface SessionsAudit {
  /**
   * Writes an entry; settles when it is stored.
   *
   * @throws `invalid`, also without the setting `audit`; `too_large`; `unavailable` when it could not be stored
   *
   * @example
   * ```ts
   * import { createSessions } from '@sessions/core'
   *
   * const sessions = createSessions({ audit: { secrets: [process.env['AUDIT_SECRET']!] } })
   * await sessions.audit.append({ tenantId: 'acme', action: 'report.sent', actor: { userId: 'bob' } })
   * for await (const { at, action, actor, outcome } of sessions.audit.list({ tenantId: 'acme' })) {
   *   console.log(new Date(at).toISOString(), action, actor, outcome)
   * }
   * ```
   */
  append(entry: AuditInput): Promise<AuditEntry>
  /**
   * Does something that has to be on record: the entry `intent` is stored before it begins, and `done`, `refused` or
   * `failed` when it has ended.
   *
   * @throws `unavailable` when the intent could not be stored, and nothing was done; whatever `work` throws.
   */
  during<T>(entry: Omit<AuditInput, 'outcome'>, work: () => Promise<T>): Promise<T>
  /** The entries of a tenant, the oldest first, a page of each lane in memory at a time. @throws `invalid` */
  list(query: AuditQuery): AsyncGenerator<AuditEntry, void, undefined>
  /** What stands for a user in entries; undefined when there can be none. */
  pseudonym(user: { readonly tenantId: string; readonly userId: string }): Promise<string | undefined>
  /** Whether all lanes of a tenant are as they were written. Reads each entry. @throws `invalid` */
  verify(options: VerifyAuditOptions): Promise<AuditVerdict>
  /**
   * Writes down, signed, how far each lane is, and hands it to `audit.onCheckpoint`. `sweep` does so for each of its
   * tenants.
   *
   * @returns What was written: nothing where nothing was new.
   */
  checkpoint(options: { readonly tenantId: string }): Promise<readonly AuditCheckpoint[]>
}

export function createAudit(service: Service): SessionsAudit {
  const { work } = service
  // Wrong secrets are found when the service is made.
  auditLogOf(service)
  return {
    append: async (entry) =>
      work.call(async () => {
        const log = theLog(service)
        const { outcome, id, ...happening } = toHappening(entry)
        return log.write(happening.tenantId, await log.entryOf(happening, outcome, id))
      }),
    during: async (entry, act) =>
      work.call(async () => {
        theLog(service)
        const { outcome: _, id, ...happening } = toHappening(entry)
        return audited(service, { ...happening, id }, act)
      }),
    list(query) {
      work.checkOpen()
      return listEntries(theLog(service), query)
    },
    pseudonym: async ({ tenantId, userId }) =>
      work.call(async () =>
        theLog(service).subjects.find({ tenantId: checkTenant(tenantId), userId: parseId(userId, 'userId') }),
      ),
    verify: async (options) =>
      work.call(async () => {
        checkOptions<VerifyAuditOptions>(options, { tenantId: 'text', checkpoint: 'object' })
        const { verifyLanes } = await import('./verify.js')
        return verifyLanes(theLog(service).lanes, checkTenant(options.tenantId), options.checkpoint)
      }),
    checkpoint: async ({ tenantId }) =>
      work.call(() => makeCheckpoints(service, theLog(service), checkTenant(tenantId))),
  }
}

function theLog(service: Service): AuditLog {
  const log = auditLogOf(service)
  if (log !== undefined) return log
  throw new SessionError('invalid', 'audit is missing among the options of the service', { path: 'audit' })
}

/** @throws `invalid` */
export function checkTenant(tenantId: string): string {
  return tenantId === nobodysTenant ? tenantId : parseIdentity({ tenantId }).tenantId
}

function toHappening(given: AuditInput) {
  const { tenantId, subject, actor, ...entry } = parseInput(given)
  const user = subject === undefined ? undefined : { tenantId: checkTenant(tenantId), userId: subject.userId }
  return { ...entry, actor, tenantId: checkTenant(tenantId), subject: user }
}
