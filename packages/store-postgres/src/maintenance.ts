import type { Amendment, SessionGuard, SessionRef } from '@sessions/core/store'
import type { ColdStatements } from './cold-statements.js'
import { removeLocked } from './committer.js'
import type { Call, Database, Row, Run } from './database.js'
import { toWhole } from './rows.js'
import { encodeText } from './text.js'

export interface MaintenanceOptions {
  /** Whether a statement may only be about one tenant. */
  oneTenant: boolean
  timeoutMs: number
}

// A batch holds its locks for some 25 ms.
const maxSwept = 500

/**
 * Amends, trims, removes and sweeps. What deletes messages is a statement of its own, after the one that took the
 * session: it has to see what was appended until then, or that would be left over.
 */
export class Maintenance {
  readonly #database: Database
  readonly #cold: ColdStatements
  readonly #oneTenant: boolean
  readonly #timeoutMs: number

  constructor(database: Database, cold: ColdStatements, { oneTenant, timeoutMs }: MaintenanceOptions) {
    this.#database = database
    this.#cold = cold
    this.#oneTenant = oneTenant
    this.#timeoutMs = timeoutMs
  }

  async amend(ref: SessionRef, amendments: readonly Amendment[], guard?: SessionGuard): Promise<number> {
    const given = amendments.map(({ seq }) => seq).filter((seq) => Number.isSafeInteger(seq))
    if (given.length === 0) return 0
    // Of several for one seq the last one counts; a statement would take any.
    const payloads = new Map(amendments.map(({ seq, payload }) => [seq, encodeText(payload)]))
    const seqs = [...new Set(given)]
    const tenant = encodeText(ref.tenantId)
    const { statement, values } = this.#cold.amend
    const params = {
      tenant,
      id: encodeText(ref.id),
      seqs,
      payloads: seqs.map((seq) => payloads.get(seq)!),
      incarnation: toIncarnation(guard),
    }
    const rows = await this.#database.run(statement, values(params), this.#call(tenant))
    const amended = new Set(rows.map(([seq]) => toWhole(seq, 'seq')))
    return given.filter((seq) => amended.has(seq)).length
  }

  trim(ref: SessionRef, throughSeq: number, guard?: SessionGuard): Promise<number> {
    const tenant = encodeText(ref.tenantId)
    const { trimSession, trimMessages } = this.#cold
    const params = { tenant, id: encodeText(ref.id), seq: throughSeq, incarnation: toIncarnation(guard) }
    return this.#database.transaction(this.#call(tenant), async (run) => {
      const [row] = await run(trimSession.statement, trimSession.values(params))
      if (row === undefined) return 0
      const through = { tenant, key: String(row[0]), seq: toWhole(row[1], 'trimmed_seq') }
      return count(await run(trimMessages.statement, trimMessages.values(through)))
    })
  }

  remove(ref: SessionRef, guard?: SessionGuard): Promise<boolean> {
    const tenant = encodeText(ref.tenantId)
    const id = encodeText(ref.id)
    return this.#database.transaction(this.#call(tenant), (run) =>
      removeLocked(this.#cold, run, tenant, id, toIncarnation(guard)),
    )
  }

  /** Batch by batch, and for no longer than a call may take. */
  async sweep(limit: number): Promise<number> {
    const call = this.#call(undefined)
    const enough = performance.now() + this.#timeoutMs / 2
    let swept = 0
    for (;;) {
      const size = Math.min(limit - swept, maxSwept)
      const found = await this.#sweepBatch(size, call).catch((error: unknown) => {
        if (swept === 0) throw error
        return 0
      })
      swept += found
      if (found < size || swept === limit || performance.now() > enough) return swept
    }
  }

  #sweepBatch(size: number, call: Call): Promise<number> {
    const { expired } = this.#cold
    return this.#database.transaction(call, async (run, enter) => {
      const rows = await run(expired.statement, expired.values({ limit: size }))
      if (rows.length === 0) return 0
      let swept = 0
      for (const [tenant, ofTenant] of this.#oneTenant ? byTenant(rows) : [[undefined, rows] as const]) {
        if (tenant !== undefined) await enter(tenant)
        swept += await this.#delete(ofTenant, run)
      }
      return swept
    })
  }

  async #delete(rows: readonly Row[], run: Run): Promise<number> {
    const { sweepMessages, sweepSessions } = this.#cold
    const [tenants, ids, keys] = [0, 1, 2].map((column) => rows.map((row) => String(row[column]))) as [
      string[],
      string[],
      string[],
    ]
    await run(sweepMessages.statement, sweepMessages.values({ tenants, keys }))
    return count(await run(sweepSessions.statement, sweepSessions.values({ tenants, ids })))
  }

  #call(tenant: string | undefined): Call {
    return { tenant, until: performance.now() + this.#timeoutMs, writes: true }
  }
}

function toIncarnation({ incarnation }: SessionGuard = {}): string | null {
  return incarnation === undefined ? null : encodeText(incarnation)
}

function byTenant(rows: readonly Row[]): Map<string, Row[]> {
  const tenants = new Map<string, Row[]>()
  for (const row of rows) {
    const tenant = String(row[0])
    const ofTenant = tenants.get(tenant)
    if (ofTenant === undefined) tenants.set(tenant, [row])
    else ofTenant.push(row)
  }
  return tenants
}

function count(rows: readonly Row[]): number {
  return toWhole(rows[0]?.[0], 'count')
}
