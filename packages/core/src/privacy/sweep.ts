import { isSessionError } from '../errors.js'
import { checkWhole } from '../contract/check-arguments.js'
import { checkOptions } from '../options.js'
import { eachTenant, noTenant, type Tenants } from '../service/each-tenant.js'
import type { Service } from '../service/service.js'
import { nobodysTenant } from '../audit/caller.js'
import { keepAudit } from '../audit/keep-audit.js'
import { keepAnalytics } from '../analytics/follow-analytics.js'
import { followSearch } from '../search/follow-search.js'
import { keepUsage } from '../usage/keep-usage.js'
import { resumeErasures } from './erase.js'
import { applyRetention, type RetentionPace } from './retention.js'

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

/** How a sweep goes on. */
export interface SweepPace {
  /** Whether it is to end before the next tenant, or the next session that retention looks at (default: it never is). */
  readonly isStopped?: () => boolean
  /**
   * Whether it goes on past its limit, so much at a time, until nothing is left (default false): whoever calls it again for
   * the rest has it look again at all that it has looked at.
   */
  readonly isWhole?: boolean
}

const usualLimit = 500
// So many tenants after each other are on no shard that is down alone: the store is.
const maxDownInRow = 100

/**
 * Removes what is past its deadline, then, tenant by tenant, goes on with erasures whose processes died, applies
 * retention, writes down how far the audit is, and makes good what is missing of the usage,
 * of the index of the search and of the facts of sessions. Where something fails it goes on with the rest, and rejects
 * then: a shard that is down takes nobody's sweep but its own.
 *
 * @returns How many sessions were removed or changed.
 */
export async function sweepAll(
  service: Service,
  options: SweepSettings | null | undefined,
  pace: SweepPace = {},
): Promise<number> {
  checkOptions<SweepSettings>(options ?? undefined, { limit: true, tenants: true })
  const { limit = usualLimit, tenants = [] } = options ?? {}
  checkWhole(limit, 'limit', 1)
  const { isStopped = () => false } = pace
  const sweeping = new Sweep(limit, pace)
  await sweeping.step(async () => service.store.sweep({ limit }))
  let isAny = false
  let downInRow = 0
  for await (const tenantId of owned(tenants)) {
    if (isStopped()) return sweeping.end()
    const isDown = await sweepTenant(service, tenantId, sweeping)
    downInRow = isDown ? downInRow + 1 : 0
    if (downInRow === maxDownInRow) break
    isAny = true
  }
  if (isAny && downInRow === 0) await sweeping.step(async (left) => keepAudit(service, nobodysTenant, left))
  return sweeping.end()
}

/** @returns Whether the store of the tenant is down. */
async function sweepTenant(service: Service, tenantId: string, sweeping: Sweep): Promise<boolean> {
  const steps = {
    erasures: async () => sweeping.always(async () => resumeErasures(service, tenantId)),
    usage: async () => sweeping.step(async (left) => keepUsage(service, tenantId, left)),
    search: async () => sweeping.always(async () => followSearch(service, tenantId)),
    analytics: async () => sweeping.step(async (left) => keepAnalytics(service, tenantId, left)),
    retention: async () => sweeping.walk(async (pace) => applyRetention(service, tenantId, pace)),
    audit: async () => sweeping.step(async (left) => keepAudit(service, tenantId, left)),
  }
  for (const [name, step] of Object.entries(steps)) {
    if (sweeping.isGivenUp(name)) continue
    const isAway = await step()
    // Usage and audit may have databases of their own, of which the rest needs none.
    if (isAway && (await isDown(service, tenantId))) return true
    sweeping.took(name, isAway)
  }
  return false
}

async function isDown({ store }: Service, tenantId: string): Promise<boolean> {
  try {
    await store.list({ tenantId, limit: 1 })
    return false
  } catch (error) {
    return isAwayBy(error)
  }
}

const isAwayBy = (error: unknown): boolean =>
  isSessionError(error, 'unavailable') || isSessionError(error, 'unknown_outcome')

/** What a sweep has done so far, and what has failed: it goes on with the rest. */
class Sweep {
  readonly #limit: number
  readonly #pace: Required<SweepPace>
  readonly #failures: unknown[] = []
  /** For how many tenants in a row a step has found its database away. */
  readonly #away = new Map<string, number>()
  #count = 0

  constructor(limit: number, { isStopped = () => false, isWhole = false }: SweepPace) {
    this.#limit = limit
    this.#pace = { isStopped, isWhole }
  }

  /** Does one thing, unless the limit is reached. @returns Whether what it asks is away. */
  async step(work: (left: number) => Promise<number>): Promise<boolean> {
    const { isStopped, isWhole } = this.#pace
    const left = isWhole ? this.#limit : this.#limit - this.#count
    if (left <= 0) return false
    return this.always(async () => {
      for (;;) {
        const done = await work(left)
        this.#count += done
        if (!isWhole || done < left || isStopped()) break
      }
    })
  }

  /** As `step`, for what looks at all there is, however little of it is to be done: it begins once. */
  async walk(work: (pace: RetentionPace) => Promise<number>): Promise<boolean> {
    const { isStopped, isWhole } = this.#pace
    const limit = isWhole ? Number.POSITIVE_INFINITY : this.#limit - this.#count
    if (limit <= 0) return false
    return this.always(async () => {
      this.#count += await work({ limit, isStopped })
    })
  }

  /** Does one thing that does not count. @returns Whether what it asks is away. */
  async always(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return false
    } catch (error) {
      if (isSessionError(error, 'closed')) throw error
      this.#failures.push(error)
      return isAwayBy(error)
    }
  }

  /** Whether a step of a tenant found its database away, though the store of the tenant is there. */
  took(step: string, isAway: boolean): void {
    this.#away.set(step, isAway ? (this.#away.get(step) ?? 0) + 1 : 0)
  }

  /** Whether the rest of the sweep goes on without a step: each tenant would wait for what does not answer. */
  isGivenUp(step: string): boolean {
    return (this.#away.get(step) ?? 0) >= maxDownInRow
  }

  /** How much it did. @throws What failed first. */
  end(): number {
    if (this.#failures.length > 0) throw this.#failures[0]
    return this.#count
  }
}

async function* owned(tenants: Tenants): AsyncGenerator<string, void> {
  for await (const tenantId of eachTenant(tenants)) {
    if (tenantId.startsWith('~')) throw noTenant()
    yield tenantId
  }
}
