import { parseWhole } from '@sessions/core/store'
import type { Run } from '../connection/database.js'
import type {
  MessageColumns,
  Removal,
  SessionSteps,
  StoredAmendment,
  StoredPlace,
} from '../writing/session-steps.js'
import { LockedRow } from './locked-row.js'
import type { PortableStatements } from './portable-statements.js'
import { portionsOf } from './rows-of-one-statement.js'

/** Steps by statements that change one table each, of a session that the first of them holds. */
export class PortableSteps implements SessionSteps<LockedRow> {
  readonly #statements: PortableStatements

  constructor(statements: PortableStatements) {
    this.#statements = statements
  }

  async lock(run: Run, { tenant, id }: StoredPlace): Promise<LockedRow | undefined> {
    const { statement, values } = this.#statements.lock
    const [row] = await run(statement, values({ tenant, id }))
    return row && new LockedRow(row)
  }

  async addMessages(
    run: Run,
    session: { tenant: string; key: string },
    { seqs, ats, ids, payloads }: MessageColumns,
  ): Promise<void> {
    for (const rows of portionsOf(seqs.map((_, index) => index))) {
      const { statement, values } = this.#statements.addMessages(rows.length)
      const cells = rows.flatMap((row, n) => [
        [`seq${n}`, seqs[row]!],
        [`at${n}`, ats[row]!],
        [`id${n}`, ids[row]!],
        [`payload${n}`, payloads[row]!],
      ])
      await run(statement, values({ ...session, ...Object.fromEntries(cells) }))
    }
  }

  async amend(run: Run, { tenant, id, seqs, payloads, ...guard }: StoredAmendment): Promise<number[]> {
    const { sizes, grow, amendMessages } = this.#statements
    const held = await this.lock(run, { tenant, id })
    if (!held?.live || !held.isMeant(guard)) return []
    const { key } = held
    const rows = await run(sizes.statement, sizes.values({ tenant, key, seqs }))
    if (rows.length === 0) return []
    const before = new Map(rows.map(([seq, bytes]) => [parseWhole(seq, 'seq'), parseWhole(bytes, 'bytes')]))
    const given = seqs
      .map((seq, index) => ({ seq, payload: payloads[index]! }))
      .filter(({ seq }) => before.has(seq))
    const grown = given.reduce(
      (sum, { seq, payload }) => sum + Buffer.byteLength(payload) - before.get(seq)!,
      0,
    )
    const [changed] = await run(grow.statement, grow.values({ tenant, id, grown }))
    if (changed === undefined) return []
    for (const portion of portionsOf(given)) {
      const { statement, values } = amendMessages(portion.length)
      const cells = portion.flatMap(({ seq, payload }, n) => [
        [`seq${n}`, seq],
        [`payload${n}`, payload],
      ])
      await run(statement, values({ tenant, key, ...Object.fromEntries(cells) }))
    }
    return [...before.keys()]
  }

  async dropMessages(
    run: Run,
    { tenant, id, key, seq }: StoredPlace & { key: string; seq: number },
  ): Promise<number> {
    const { dropped, dropMessages, shrink } = this.#statements
    const [row] = await run(dropped.statement, dropped.values({ tenant, key, seq }))
    const count = parseWhole(row?.[0], 'count')
    if (count === 0) return 0
    await run(dropMessages.statement, dropMessages.values({ tenant, key, seq }))
    await run(shrink.statement, shrink.values({ tenant, id, bytes: parseWhole(row?.[1], 'bytes') }))
    return count
  }

  async remove(
    run: Run,
    { tenant, id, most = Number.MAX_SAFE_INTEGER, ...guard }: Removal,
  ): Promise<boolean | undefined> {
    const { removeMessages, removeSessions } = this.#statements
    const held = await this.lock(run, { tenant, id })
    if (held === undefined || !held.isMeant(guard) || held.count > most) return undefined
    await run(removeMessages.statement, removeMessages.values({ tenant, keys: [held.key] }))
    await run(removeSessions.statement, removeSessions.values({ tenant, ids: [id] }))
    return held.live
  }
}
