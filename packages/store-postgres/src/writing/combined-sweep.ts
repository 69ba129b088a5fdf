import { parseWhole } from '@sessions/core/store'
import type { ColdStatements } from '../statements/cold-statements.js'
import type { Database, Row, Run } from '../connection/database.js'
import type { SweepBatch } from './session-steps.js'

export interface CombinedSweepOptions {
  /** Whether a statement may only be about one tenant. */
  oneTenant: boolean
  timeoutMs: number
}

/** Sweeps sessions of all tenants in one transaction, which passes over what another one holds. */
export function combinedSweep(
  database: Database,
  cold: ColdStatements,
  { oneTenant, timeoutMs }: CombinedSweepOptions,
): SweepBatch {
  const remove = async (rows: readonly Row[], run: Run): Promise<number> => {
    const { sweepMessages, sweepSessions } = cold
    const [tenants, ids, keys] = [0, 1, 2].map((column) => rows.map((row) => String(row[column]))) as [
      string[],
      string[],
      string[],
    ]
    await run(sweepMessages.statement, sweepMessages.values({ tenants, keys }))
    const [row] = await run(sweepSessions.statement, sweepSessions.values({ tenants, ids }))
    return parseWhole(row![0], 'count')
  }
  return (size, most) => {
    const call = { tenant: undefined, until: performance.now() + timeoutMs, writes: true }
    return database.transaction(call, async (run, enter) => {
      const found = await run(cold.expired.statement, cold.expired.values({ limit: size }))
      const rows = found.slice(
        0,
        countWithin(
          most,
          found.map((row) => Number(row[4])),
        ),
      )
      if (rows.length === 0) {
        if (found[0] === undefined) return { swept: 0 }
        const [tenant, id, , incarnation] = found[0].map(String) as [string, string, string, string]
        return { swept: 0, large: { tenant, id, incarnation } }
      }
      let swept = 0
      for (const [tenant, ofTenant] of oneTenant ? byTenant(rows) : [[undefined, rows] as const]) {
        if (tenant !== undefined) await enter(tenant)
        swept += await remove(ofTenant, run)
      }
      return { swept }
    })
  }
}

/** How many of the first counts are no more than `most` together. */
export function countWithin(most: number, counts: readonly number[]): number {
  let sum = 0
  const end = counts.findIndex((count) => (sum += count) > most)
  return end < 0 ? counts.length : end
}

/** Rows by their first column, which has the tenant. */
export function byTenant(rows: readonly Row[]): Map<string, Row[]> {
  const tenants = new Map<string, Row[]>()
  for (const row of rows) {
    const tenant = String(row[0])
    const ofTenant = tenants.get(tenant)
    if (ofTenant === undefined) tenants.set(tenant, [row])
    else ofTenant.push(row)
  }
  return tenants
}
