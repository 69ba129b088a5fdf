import { SessionError } from '../errors.js'
import type { Service } from '../service/service.js'
import type { AuditCheckpoint } from '../service/settings.js'
import { type AuditQuery, checkQuery } from './audit-query.js'
import type { AuditEntry, AuditInput } from './entry.js'
import type { AuditVerdict, VerifyAuditOptions } from './verify.js'

const records = () => import('../later/records.js')

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
  const called = async <Result>(
    call: (verbs: Awaited<ReturnType<typeof records>>) => Promise<Result>,
  ): Promise<Result> =>
    work.call(async () => {
      checkIsKept(service)
      return call(await records())
    })
  return {
    append: async (entry) => called((verbs) => verbs.appendEntry(service, entry)),
    during: async (entry, act) => called((verbs) => verbs.duringEntry(service, entry, act)),
    list(query) {
      work.checkOpen()
      checkIsKept(service)
      checkQuery(query)
      return entriesLater(service, query)
    },
    pseudonym: async (user) => called((verbs) => verbs.pseudonymIn(service, user)),
    verify: async (options) => called((verbs) => verbs.verifyLog(service, options)),
    checkpoint: async (options) => called((verbs) => verbs.writeCheckpoints(service, options)),
  }
}

async function* entriesLater(
  service: Service,
  query: AuditQuery,
): AsyncGenerator<AuditEntry, void, undefined> {
  yield* (await records()).entriesOf(service, query)
}

function checkIsKept({ audit }: Service): void {
  if (audit !== undefined) return
  throw new SessionError('invalid', 'audit is missing among the options of the service', { path: 'audit' })
}
