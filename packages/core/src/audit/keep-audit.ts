import type { Service } from '../service/service.js'
import { readStoreTime } from '../service/store-time.js'
import { momentBefore } from '../time.js'
import { auditLogOf } from './audit-log.js'
import { makeCheckpoints } from './checkpoint.js'
import { pruneLanes } from './prune.js'

/**
 * Writes down how far the lanes of a tenant are, and removes those that are over their time. A checkpoint that fails is
 * the warning `checkpoint_failed`.
 *
 * @returns How many lanes it removed.
 */
export async function keepAudit(service: Service, tenantId: string, limit: number): Promise<number> {
  const log = auditLogOf(service)
  if (log === undefined) return 0
  try {
    await makeCheckpoints(service, log, tenantId)
  } catch (cause) {
    const message = 'The state of the audit could not be written down; the next sweep tries again.'
    service.warn({ code: 'checkpoint_failed', message, cause })
  }
  const { auditMs } = service.retentionOf(tenantId)
  if (auditMs === undefined) return 0
  const now = await readStoreTime(log.lanes, tenantId)
  return pruneLanes(log, tenantId, { before: momentBefore(now, auditMs), now, limit })
}
