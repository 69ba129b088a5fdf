import {
  type Amendment,
  begunId,
  buriedId,
  countFitting,
  decodeText,
  encodeText,
  isMeant,
  parseWhole,
  type SessionGuard,
  type SessionRef,
} from '@sessions/core/store'
import type { Connection, Row } from '../database/connection.js'
import type { Database } from '../database/database.js'
import { minuteOf } from './committer.js'
import { isLive, parseFound } from '../reading/rows.js'
import { maxSeq, type Statements } from '../statements.js'
import { isLong, type Steps } from '../database/steps.js'
import { isHidden } from '../text.js'

// One transaction amends or deletes this much at most, so that it holds the event loop for a few milliseconds.
const maxAmended = 1000
const maxDeleted = 200
const maxDeletedBytes = 1024 * 1024
// One transaction sweeps this many sessions at most.
const maxSwept = 50

/** Amends, trims, removes and sweeps: step by step, each step a transaction. */
export class Maintenance {
  readonly #database: Database
  readonly #statements: Statements
  readonly #timeoutMs: number

  constructor(database: Database, statements: Statements, { timeoutMs }: { timeoutMs: number }) {
    this.#database = database
    this.#statements = statements
    this.#timeoutMs = timeoutMs
  }

  async amend(ref: SessionRef, amendments: readonly Amendment[], guard?: SessionGuard): Promise<number> {
    let rest = amendments.map(({ seq, payload }) => ({ seq, payload }))
    const find = this.#finder(ref, guard)
    let amended = 0
    // A later step finds the `changes` that an earlier step has changed.
    for (let hasChanged = false; rest.length > 0;) {
      const fitting = rest.slice(0, maxAmended)
      const batch = fitting.slice(0, countFitting(fitting))
      rest = rest.slice(batch.length)
      const steps = amending(this.#statements, ref, batch, (...args) => find(...args, hasChanged))
      const count = await this.#database.writeInSteps(this.#until(), steps, isLong(batch))
      hasChanged ||= count > 0
      amended += count
    }
    return amended
  }

  async trim(ref: SessionRef, throughSeq: number, guard?: SessionGuard): Promise<number> {
    const find = this.#finder(ref, guard)
    let dropped = 0
    for (let hasChanged = false; ; hasChanged = true) {
      const step = await this.#database.delete(this.#until(), (connection, now) => {
        const row = find(connection, now, hasChanged)
        return row === undefined ? { count: 0, isDone: true } : this.#trim(connection, ref, row, throughSeq)
      })
      dropped += step.count
      if (step.isDone) return dropped
    }
  }

  #trim(
    connection: Connection,
    ref: SessionRef,
    row: Row,
    throughSeq: number,
  ): { count: number; isDone: boolean } {
    const { record, key, rewrites } = parseFound(ref, row)
    const last = Math.min(throughSeq, record.lastSeq)
    if (last <= record.trimmedSeq) return { count: 0, isDone: true }
    const { through, count, bytes, isAll } = this.#stepOf(connection, key, last)
    const left = Math.max(0, record.bytes - bytes)
    connection.run(this.#statements.deleteMessages, key, 0, key, through)
    connection.run(this.#statements.rewriteSession, record.changes + 1, rewrites + 1, through, left, key)
    return { count, isDone: isAll }
  }

  async remove(ref: SessionRef, guard?: SessionGuard): Promise<boolean> {
    const tenant = encodeText(ref.tenantId)
    const id = encodeText(ref.id)
    const { findMeant, bury } = this.#statements
    const { isGone, rest } = await this.#database.delete(this.#until(), (connection, now) => {
      const found = connection.first(findMeant, tenant, id)
      const aside = connection.first(findMeant, tenant, begunId(id))
      const isThere = found !== undefined && isLive(found, now)
      const isGone = isThere && isMeantBy(found, guard)
      // The parts of a copy that are kept aside have the words of the session, too.
      const isAsideGone = isGone || (!isThere && aside !== undefined && isMeantBy(aside, guard))
      const gone = [isGone ? found : undefined, isAsideGone ? aside : undefined]
      const keys = gone.filter((row) => row !== undefined).map(keyOf)
      const rest = keys.filter((key) => !this.#delete(connection, key).isWhole)
      // The messages that are left take their time, so their session becomes absent first. If the process dies here, a
      // sweep finds them.
      for (const key of rest) connection.run(bury, buriedId(), key)
      return { isGone, rest }
    })
    for (const key of rest) await this.#deleteRest(key)
    return isGone
  }

  async #deleteRest(key: number): Promise<void> {
    for (let isWhole = false; !isWhole;) {
      const step = await this.#database.delete(this.#until(), (connection) => this.#delete(connection, key))
      isWhole = step.isWhole
    }
  }

  /** Sweeps batch by batch, and for no longer than a call may take. */
  async sweep(limit: number): Promise<number> {
    const until = this.#until()
    const enough = until - this.#timeoutMs / 2
    for (let swept = 0; ;) {
      const step = await this.#database
        .delete(until, (connection, now) => this.#sweep(connection, now, Math.min(limit - swept, maxSwept)))
        .catch((error: unknown) => {
          if (swept === 0) throw error
          return { count: 0, isDone: true }
        })
      swept += step.count
      if (step.isDone || swept >= limit || performance.now() > enough) return swept
    }
  }

  #sweep(connection: Connection, now: number, limit: number): { count: number; isDone: boolean } {
    const rows = connection.all(this.#statements.expired, minuteOf(now), now, limit)
    let count = 0
    let room = maxDeleted
    for (const row of rows) {
      const { isWhole, dropped } = this.#delete(connection, keyOf(row))
      room -= dropped
      // A row with a hidden id does not count: its session was gone before the sweep found the row.
      if (isWhole && !isHidden(String(row['id']))) count++
      if (room <= 0) return { count, isDone: false }
    }
    return { count, isDone: rows.length < limit }
  }

  /** Deletes as many messages of a session as one step may, and the session itself with the last of them. */
  #delete(connection: Connection, key: number): { isWhole: boolean; dropped: number } {
    const { through, count, isAll } = this.#stepOf(connection, key, maxSeq)
    const { deleteMessages, deleteBody, deleteSession } = this.#statements
    connection.run(deleteMessages, key, 0, key, through)
    if (isAll) {
      connection.run(deleteBody, key)
      connection.run(deleteSession, key)
    }
    return { isWhole: isAll, dropped: count }
  }

  /** The part of the oldest messages up to `last` that one step may delete, and whether it is all of them. */
  #stepOf(connection: Connection, key: number, last: number) {
    const { sizes } = this.#statements
    const rows = connection.all(sizes.asc, key, 0, key, last, maxDeleted + 1)
    let count = 0
    let bytes = 0
    for (const row of rows) {
      const size = Number(row['bytes'])
      if (count === maxDeleted || (count > 0 && bytes + size > maxDeletedBytes)) break
      bytes += size
      count++
    }
    const isAll = count === rows.length
    return { through: isAll ? last : Number(rows[count - 1]!['seq']), count, bytes, isAll }
  }

  /**
   * Finds the session that the guard means; undefined when it is absent. Once a step has changed the session, its
   * `changes` no longer count.
   */
  #finder(ref: SessionRef, guard: SessionGuard = {}) {
    const tenant = encodeText(ref.tenantId)
    const id = encodeText(ref.id)
    const { incarnation } = guard
    const later: SessionGuard = incarnation === undefined ? {} : { incarnation }
    return (connection: Connection, now: number, hasChanged: boolean): Row | undefined => {
      const row = connection.first(this.#statements.findMeant, tenant, id)
      if (row === undefined || !isLive(row, now)) return undefined
      return isMeantBy(row, hasChanged ? later : guard) ? row : undefined
    }
  }

  #until(): number {
    return performance.now() + this.#timeoutMs
  }
}

/** Amends a batch, in one transaction; a step takes one message. */
function amending(
  statements: Statements,
  ref: SessionRef,
  batch: readonly Amendment[],
  find: (connection: Connection, now: number) => Row | undefined,
): Steps<number> {
  return function* (connection, now) {
    const row = find(connection, now)
    if (row === undefined) return 0
    const { record, key, rewrites } = parseFound(ref, row)
    const { trimmedSeq, lastSeq, changes } = record
    const there = batch.filter(({ seq }) => Number.isInteger(seq) && seq > trimmedSeq && seq <= lastSeq)
    if (there.length === 0) return 0
    let { bytes } = record
    for (const { seq, payload } of there) {
      const text = encodeText(payload)
      const before = connection.first(statements.sizeOf, key, seq)
      bytes += Buffer.byteLength(text) - Number(before?.['bytes'] ?? 0)
      connection.run(statements.amend, text, key, seq)
      yield
    }
    connection.run(statements.rewriteSession, changes + 1, rewrites + 1, trimmedSeq, Math.max(0, bytes), key)
    return there.length
  }
}

function keyOf(row: Row): number {
  return parseWhole(row['skey'], 'skey', 1)
}

/** Whether the guard means the session of a row. The other columns of the row may be unreadable. */
function isMeantBy(row: Row, guard?: SessionGuard): boolean {
  const found = { incarnation: decodeText(String(row['incarnation'])), changes: Number(row['changes']) }
  return isMeant(found, guard)
}
