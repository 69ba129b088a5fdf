import { SessionError } from '../errors.js'
import { checkOptions } from '../options.js'
import type { Service } from '../service/service.js'
import { nobodysTenant } from '../audit/caller.js'
import { keepAudit } from '../audit/keep-audit.js'
import { keepAnalytics } from '../analytics/follow-analytics.js'
import { followSearch } from '../search/follow-search.js'
import { keepUsage } from '../usage/keep-usage.js'
import { resumeErasures } from './erase.js'
import { applyRetention } from './retention.js'

/** Tenants, as a list, or as a database gives them. */
export type Tenants = Iterable<string> | AsyncIterable<string>

/** How far a sweep goes. */
export interface SweepSettings {
  /** At most this many sessions are removed, or changed by retention, 1 or more (default 500). */
  limit?: number
  /**
   * Whose erasures are gone on with, and whose retention is applied: a store does not know which tenants there are
   * (default: none).
   */
  tenants?: Tenants
}

const usualLimit = 500

/**
 * Removes what is past its deadline, then, tenant by tenant, goes on with erasures whose processes died, applies
 * retention, writes down how far the audit is, and makes good what is missing of the usage,
 * of the index of the search and of the facts of sessions. @returns How many sessions were removed or changed.
 */
export async function sweepAll(service: Service, options: SweepSettings | null | undefined): Promise<number> {
  checkOptions<SweepSettings>(options ?? undefined, { limit: true, tenants: true })
  const { limit = usualLimit, tenants = [] } = options ?? {}
  let count = await service.store.sweep({ limit })
  let isAny = false
  for await (const tenantId of checked(tenants)) {
    await resumeErasures(service, tenantId)
    if (count < limit) count += await keepUsage(service, tenantId, limit - count)
    await followSearch(service, tenantId)
    if (count < limit) count += await keepAnalytics(service, tenantId, limit - count)
    if (count < limit) count += await applyRetention(service, tenantId, limit - count)
    if (count < limit) count += await keepAudit(service, tenantId, limit - count)
    isAny = true
  }
  if (isAny && count < limit) count += await keepAudit(service, nobodysTenant, limit - count)
  return count
}

async function* checked(tenants: Tenants): AsyncGenerator<string, void> {
  const isList = typeof tenants === 'object' && tenants !== null
  if (!isList || !(Symbol.iterator in tenants || Symbol.asyncIterator in tenants)) {
    throw new SessionError('invalid', 'tenants must be a list of tenants', { path: 'tenants' })
  }
  for await (const tenantId of tenants) {
    if (typeof tenantId !== 'string' || tenantId === '' || tenantId.startsWith('~'))
      throw new SessionError('invalid', 'tenants holds what is no tenant', { path: 'tenants' })
    yield tenantId
  }
}
