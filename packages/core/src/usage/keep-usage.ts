import type { Service } from '../service/service.js'
import { readStoreTime } from '../service/store-time.js'
import { followUsage } from './follow-usage.js'
import { pruneUsage } from './query-usage.js'
import { usageOf } from './usage-recorder.js'

/** Makes good what is missing of the usage of a tenant, and removes what is over its time. @returns How much it removed. */
export async function keepUsage(service: Service, tenantId: string, limit: number): Promise<number> {
  if (usageOf(service) === undefined) return 0
  await followUsage(service, tenantId)
  const { usageMs } = service.retentionOf(tenantId)
  if (usageMs === undefined) return 0
  return pruneUsage(service, tenantId, { now: await readStoreTime(service, tenantId), limit })
}
