import type { EncryptedStore } from '../contract/sealed/upkeep-report.js'
import type { AuditActor } from './entry.js'
import type { SessionsAudit } from './sessions-audit.js'

/** The upkeep of keys, each call of which is on record. */
export type AuditedKeys = Pick<EncryptedStore, 'rewrapKeys' | 'encryptExisting' | 'rekey' | 'destroyKey'>

/**
 * The upkeep of the keys of an encrypted store, on record: what cannot be written to the audit is not done.
 *
 * @param by Who calls it (default: `host`).
 *
 * @example
 * ```ts
 * import { auditedKeys } from '@sessions/core/audit'
 *
 * declare const sessions: import('@sessions/core').Sessions
 * declare const store: import('@sessions/core/sealed').EncryptedStore
 * const keys = auditedKeys(store, sessions.audit)
 * await keys.rewrapKeys({ tenantId: 'acme', limit: 100 })
 * ```
 */
export function auditedKeys(
  store: EncryptedStore,
  audit: SessionsAudit,
  by: AuditActor = 'host',
): AuditedKeys {
  return {
    rewrapKeys: async (page) =>
      audit.during({ tenantId: ownerOf(page.tenantId), action: 'keys.rewrap', actor: by }, async () =>
        store.rewrapKeys(page),
      ),
    encryptExisting: async (page) =>
      audit.during({ tenantId: ownerOf(page.tenantId), action: 'keys.seal', actor: by }, async () =>
        store.encryptExisting(page),
      ),
    rekey: async (ref) =>
      audit.during(
        { tenantId: ownerOf(ref.tenantId), action: 'keys.rekey', actor: by, sessionId: ref.id },
        async () => store.rekey(ref),
      ),
    destroyKey: async ({ tenantId, userId }) =>
      audit.during(
        { tenantId, action: 'keys.destroy', actor: by, subject: { userId }, erases: true },
        async () => store.destroyKey({ tenantId, userId }),
      ),
  }
}

/** The tenant of the application to whom side records belong. */
function ownerOf(tenantId: string): string {
  return tenantId.replace(/^~[a-z]+:/, '')
}
