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
import type { ColdStatements } from '../statements/cold-statements.js'
import type { Call, Database, Run } from '../connection/database.js'
import type { Removal, SessionSteps, SweepBatch } from './session-steps.js'

export interface MaintenanceOptions {
  steps: SessionSteps
  sweepBatch: SweepBatch
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
  readonly #steps: SessionSteps
  readonly #sweepBatch: SweepBatch
  readonly #timeoutMs: number

  constructor(
    database: Database,
    cold: ColdStatements,
    { steps, sweepBatch, timeoutMs }: MaintenanceOptions,
  ) {
    this.#database = database
    this.#cold = cold
    this.#steps = steps
    this.#sweepBatch = sweepBatch
    this.#timeoutMs = timeoutMs
  }

  async amend(ref: SessionRef, amendments: readonly Amendment[], guard?: SessionGuard): Promise<number> {
    const given = amendments.map(({ seq }) => seq).filter((seq) => Number.isSafeInteger(seq))
    // Of several amendments for one seq the last one counts; a statement would take any of them.
    const payloads = new Map(amendments.map(({ seq, payload }) => [seq, encodeText(payload)]))
    const all = [...new Set(given)].map((seq) => ({ seq, payload: payloads.get(seq)! }))
    const tenant = encodeText(ref.tenantId)
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
      const found = await this.#transaction(tenant, (run) => this.#steps.amend(run, params))
      for (const seq of found) amended.add(seq)
      // A later step finds the `changes` that this step has changed.
      if (found.length > 0) changes = null
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
      this.#transaction(place.tenant, async (run) => {
        const removed = await this.#steps.remove(run, removal)
        // The parts of a copy that are kept aside have the words of the session, too.
        if (removed !== undefined)
          await this.#steps.remove(run, { ...copy, incarnation: null, changes: null })
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

  #isThere(place: Place): Promise<boolean> {
    return this.#transaction(place.tenant, async (run) => (await this.#steps.lock(run, place)) !== undefined)
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
    const { trimSession } = this.#cold
    const { tenant, id } = place
    const params = { changes: null, ...place, seq: throughSeq, dead: String(dead) }
    return this.#transaction(tenant, async (run) => {
      const [row] = await run(trimSession.statement, trimSession.values(params))
      if (row === undefined) return 0
      const seq = parseWhole(row[1], 'trimmed_seq')
      return this.#steps.dropMessages(run, { tenant, id, key: String(row[0]), seq })
    })
  }

  /** Sweeps batch by batch, and for no longer than a call may take. */
  async sweep(limit: number): Promise<number> {
    const enough = performance.now() + this.#timeoutMs / 2
    let swept = 0
    for (;;) {
      const size = Math.min(limit - swept, maxSwept)
      const found = await this.#sweepSome(size).catch((error: unknown) => {
        if (swept === 0) throw error
        return 0
      })
      swept += found
      if (found === 0 || swept === limit || performance.now() > enough) return swept
    }
  }

  async #sweepSome(size: number): Promise<number> {
    const { swept, large } = await this.#sweepBatch(size, maxAtOnce)
    if (large === undefined) return swept
    // This incarnation is past its deadline for good, so no message of another session goes.
    await this.#shrink(large)
    const removed = await this.#transaction(large.tenant, (run) => this.#steps.remove(run, large))
    return removed === undefined ? swept : swept + 1
  }

  #transaction<T>(tenant: string, work: (run: Run) => Promise<T>): Promise<T> {
    return this.#database.transaction(this.#call(tenant), work)
  }

  #call(tenant: string): Call {
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

function toIncarnation({ incarnation }: SessionGuard = {}): string | null {
  return incarnation === undefined ? null : encodeText(incarnation)
}
