import { parseWhole } from '@sessions/core/store'
import type { ColdStatements } from '../statements/cold-statements.js'
import type { Run } from '../connection/database.js'
import type {
  LockedSession,
  MessageColumns,
  Removal,
  SessionSteps,
  StoredAmendment,
  StoredPlace,
} from './session-steps.js'

/** Steps by statements that change both tables at once. */
export class CombinedSteps implements SessionSteps {
  readonly #cold: ColdStatements

  constructor(cold: ColdStatements) {
    this.#cold = cold
  }

  async lock(run: Run, place: StoredPlace): Promise<LockedSession | undefined> {
    const { statement, values } = this.#cold.lock
    const [row] = await run(statement, values(place))
    return row && { live: row[0] === 'live', record: row[1], key: String(row[2]) }
  }

  async addMessages(
    run: Run,
    session: { tenant: string; key: string },
    messages: MessageColumns,
  ): Promise<void> {
    const { statement, values } = this.#cold.extendCopy
    await run(statement, values({ ...session, ...messages }))
  }

  // The session is locked first, because the messages that the statement reads have to be those that it replaces.
  async amend(run: Run, amendment: StoredAmendment): Promise<number[]> {
    await this.lock(run, amendment)
    const { statement, values } = this.#cold.amend
    const rows = await run(statement, values({ ...amendment }))
    return rows.map(([seq]) => parseWhole(seq, 'seq'))
  }

  async dropMessages(run: Run, session: StoredPlace & { key: string; seq: number }): Promise<number> {
    const { statement, values } = this.#cold.trimMessages
    const [row] = await run(statement, values(session))
    return parseWhole(row![0], 'count')
  }

  async remove(
    run: Run,
    { tenant, id, incarnation = null, changes = null, most = Number.MAX_SAFE_INTEGER }: Removal,
  ): Promise<boolean | undefined> {
    const { removeSession, removeMessages } = this.#cold
    const params = { tenant, id, incarnation, changes, most }
    const [row] = await run(removeSession.statement, removeSession.values(params))
    if (row === undefined) return undefined
    // This is a statement of its own, so that it sees all messages that were appended before the session was locked.
    await run(removeMessages.statement, removeMessages.values({ tenant, key: String(row[0]) }))
    return row[1] === 'true'
  }
}
