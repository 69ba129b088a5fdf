import { byTenant, countWithin } from '../writing/combined-sweep.js'
import type { Database } from '../connection/database.js'
import type { SweepBatch, SweptBatch } from '../writing/session-steps.js'
import type { PortableStatements } from './portable-statements.js'

// So many sessions that others hold may stand in front of those that a sweep can take.
const spare = 100

/** Sweeps tenant by tenant: what finds sessions of all tenants locks nothing. */
export function portableSweep(
  database: Database,
  { candidates, lockExpired, removeMessages, removeSessions }: PortableStatements,
  { timeoutMs }: { timeoutMs: number },
): SweepBatch {
  const sweepTenant = (tenant: string, ids: string[], size: number, most: number): Promise<SweptBatch> =>
    database.transaction({ tenant, until: performance.now() + timeoutMs, writes: true }, async (run) => {
      const found = await run(lockExpired.statement, lockExpired.values({ tenant, ids, limit: size }))
      const counts = found.map((row) => Number(row[3]))
      const rows = found.slice(0, countWithin(most, counts)).map((row) => row.map(String))
      if (rows.length === 0) {
        if (found[0] === undefined) return { swept: 0 }
        const [id, , incarnation] = found[0].map(String) as [string, string, string]
        return { swept: 0, large: { tenant, id, incarnation } }
      }
      const keys = rows.map((row) => row[1]!)
      await run(removeMessages.statement, removeMessages.values({ tenant, keys }))
      const removal = removeSessions.values({ tenant, ids: rows.map((row) => row[0]!) })
      return { swept: (await run(removeSessions.statement, removal)).length }
    })

  return async (size, most) => {
    const until = performance.now() + timeoutMs
    const limit = size + spare
    const call = { tenant: undefined, until, writes: false }
    const found = await database.run(candidates.statement, candidates.values({ limit }), call)
    const enough = performance.now() + timeoutMs / 2
    let swept = 0
    for (const [tenant, rows] of byTenant(found)) {
      const ids = rows.map((row) => String(row[1]))
      const batch = await sweepTenant(tenant, ids, size - swept, most)
      swept += batch.swept
      if (batch.large !== undefined) return { swept, large: batch.large }
      if (swept === size || performance.now() > enough) break
    }
    return { swept }
  }
}
