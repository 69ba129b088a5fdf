import {
  type Amendment,
  begunId,
  buriedId,
  countFitting,
  encodeText,
  parseWhole,
  type SessionGuard,
  type SessionRef,
} from '@sessions/core/store'
import type { ColdStatements } from './cold-statements.js'
import { type Removal, removeLocked } from './committer.js'
import type { Call, Database, Row, Run } from './database.js'

export interface MaintenanceOptions {
  /** Whether a statement may only be about one tenant. */
  oneTenant: boolean
  timeoutMs: number
}

// A batch holds its locks for some 25 ms.
const maxSwept = 500
// One transaction deletes so many messages without asking how long they are.
const maxAtOnce = 500

/**
 * Amends, trims, removes and sweeps. A statement of its own deletes messages, after the statement that took the
 * session. It has to see the messages that were appended until then, or they would be left over.
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
    // Of several amendments for one seq the last one counts; a statement would take any of them.
    const payloads = new Map(amendments.map(({ seq, payload }) => [seq, encodeText(payload)]))
    const all = [...new Set(given)].map((seq) => ({ seq, payload: payloads.get(seq)! }))
    const tenant = encodeText(ref.tenantId)
    const { lock } = this.#cold
    const { statement, values } = this.#cold.amend
    const amended = new Set<number>()
    let changes = guard?.changes ?? null
    for (let rest = all; rest.length > 0;) {
      const batch = rest.slice(0, countFitting(rest))
      rest = rest.slice(batch.length)
      const params = {
        tenant,
        id: encodeText(ref.id),
        seqs: batch.map(({ seq }) => seq),
        payloads: batch.map(({ payload }) => payload),
        incarnation: toIncarnation(guard),
        changes,
      }
      // The session is locked first, because the messages that the statement reads have to be those that it replaces.
      const rows = await this.#database.transaction(this.#call(tenant), async (run) => {
        await run(lock.statement, lock.values(params))
        return run(statement, values(params))
      })
      for (const [seq] of rows) amended.add(parseWhole(seq, 'seq'))
      // A later step finds the `changes` that this step has changed.
      if (rows.length > 0) changes = null
    }
    return given.filter((seq) => amended.has(seq)).length
  }

  async trim(ref: SessionRef, throughSeq: number, guard?: SessionGuard): Promise<number> {
    const place = placeOf(ref, guard)
    let dropped = 0
    for (let before = 0, changes = guard?.changes ?? null; ; changes = null) {
      const end = await this.#stepEnd(place, throughSeq)
      // When a step changes nothing, the session is past its deadline.
      if (end === undefined || end.through === before) return dropped
      before = end.through
      const count = await this.#drop({ ...place, changes }, end.through, { dead: false })
      if (count === 0 && changes !== null) return 0
      dropped += count
      if (end.through >= Math.min(throughSeq, end.last)) return dropped
    }
  }

  async remove(ref: SessionRef, guard: SessionGuard = {}): Promise<boolean> {
    const place = placeOf(ref, guard)
    const { changes = null } = guard
    const copy = { ...place, id: begunId(place.id), changes }
    const removeUpTo = (removal: Removal) =>
      this.#database.transaction(this.#call(place.tenant), async (run) => {
        const removed = await removeLocked(this.#cold, run, removal)
        // The parts of a copy that are kept aside have the words of the session, too.
        if (removed !== undefined)
          await removeLocked(this.#cold, run, { ...copy, incarnation: null, changes: null })
        return removed
      })
    const removed = await removeUpTo({ ...place, changes, most: maxAtOnce })
    if (removed !== undefined) return removed
    // The messages of the session take their time, so the session goes first. If the process dies here, a sweep finds
    // them.
    const { statement, values } = this.#cold.bury
    const hidden = { tenant: place.tenant, id: buriedId(), incarnation: null }
    const params = { ...place, changes, hiddenId: hidden.id }
    const [buried] = await this.#database.run(statement, values(params), this.#call(place.tenant))
    if (buried === undefined) {
      if (!(await this.#isThere(place))) await removeUpTo(copy)
      return false
    }
    await this.#shrink(hidden)
    await removeUpTo(hidden)
    return true
  }

  async #isThere({ tenant, id }: Place): Promise<boolean> {
    const { statement, values } = this.#cold.lock
    const rows = await this.#database.run(statement, values({ tenant, id }), this.#call(tenant))
    return rows.length > 0
  }

  /** Drops messages of a session that is to be deleted, down to the number that its deletion may take along. */
  async #shrink(place: Place): Promise<void> {
    for (let before = 0; ;) {
      const end = await this.#stepEnd(place, Number.MAX_SAFE_INTEGER)
      if (end === undefined || end.through >= end.last || end.through === before) return
      before = end.through
      await this.#drop(place, end.through, { dead: true })
    }
  }

  async #stepEnd(place: Place, throughSeq: number): Promise<{ through: number; last: number } | undefined> {
    const { statement, values } = this.#cold.stepEnd
    const call = { ...this.#call(place.tenant), writes: false }
    const [row] = await this.#database.run(statement, values({ ...place, seq: throughSeq }), call)
    if (row === undefined) return undefined
    return { through: parseWhole(row[0], 'seq'), last: parseWhole(row[1], 'last_seq') }
  }

  #drop(
    place: Place & { readonly changes?: number | null },
    throughSeq: number,
    { dead }: { dead: boolean },
  ): Promise<number> {
    const { trimSession, trimMessages } = this.#cold
    const { tenant } = place
    const params = { changes: null, ...place, seq: throughSeq, dead: String(dead) }
    return this.#database.transaction(this.#call(tenant), async (run) => {
      const [row] = await run(trimSession.statement, trimSession.values(params))
      if (row === undefined) return 0
      const through = { tenant, id: place.id, key: String(row[0]), seq: parseWhole(row[1], 'trimmed_seq') }
      return count(await run(trimMessages.statement, trimMessages.values(through)))
    })
  }

  /** Sweeps batch by batch, and for no longer than a call may take. */
  async sweep(limit: number): Promise<number> {
    const enough = performance.now() + this.#timeoutMs / 2
    let swept = 0
    for (;;) {
      const size = Math.min(limit - swept, maxSwept)
      const found = await this.#sweepBatch(size).catch((error: unknown) => {
        if (swept === 0) throw error
        return 0
      })
      swept += found
      if (found === 0 || swept === limit || performance.now() > enough) return swept
    }
  }

  async #sweepBatch(size: number, most = maxAtOnce): Promise<number> {
    const { expired } = this.#cold
    let large: Place | undefined
    const swept = await this.#database.transaction(this.#call(undefined), async (run, enter) => {
      const found = await run(expired.statement, expired.values({ limit: size }))
      const rows = found.slice(0, countWithin(most, found))
      if (rows.length === 0 && found[0] !== undefined) {
        const [tenant, id, , incarnation] = found[0].map(String) as [string, string, string, string]
        large = { tenant, id, incarnation }
      }
      let swept = 0
      for (const [tenant, ofTenant] of this.#oneTenant ? byTenant(rows) : [[undefined, rows] as const]) {
        if (ofTenant.length === 0) continue
        if (tenant !== undefined) await enter(tenant)
        swept += await this.#delete(ofTenant, run)
      }
      return swept
    })
    if (large === undefined) return swept
    // This incarnation is past its deadline for good, so no message of another session goes.
    await this.#shrink(large)
    return this.#sweepBatch(1, Number.MAX_SAFE_INTEGER)
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

interface Place {
  readonly tenant: string
  readonly id: string
  readonly incarnation: string | null
}

function placeOf({ tenantId, id }: SessionRef, guard?: SessionGuard): Place {
  return { tenant: encodeText(tenantId), id: encodeText(id), incarnation: toIncarnation(guard) }
}

/** How many of the first expired sessions have no more than `most` messages together. */
function countWithin(most: number, rows: readonly Row[]): number {
  let messages = 0
  const end = rows.findIndex((row) => (messages += Number(row[4])) > most)
  return end < 0 ? rows.length : end
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
  return parseWhole(rows[0]?.[0], 'count')
}
