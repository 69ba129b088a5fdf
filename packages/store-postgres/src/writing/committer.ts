import {
  checkIsMeant,
  checkRoom,
  type Committed,
  notFound,
  parseStoredRecord,
  SessionError,
} from '@sessions/core/store'
import type { ColdStatements } from '../statements/cold-statements.js'
import {
  type Commit,
  isAppend,
  toAppendOneValues,
  toAppendValues,
  toChangeValues,
  toCommit,
  toCommitted,
  toCreateValues,
} from './commit.js'
import type { Database, Row, Run } from '../connection/database.js'
import { isDuplicate } from '../connection/errors.js'
import { holdSession } from './hold-session.js'
import { findKnown, type KnownMessage, sortMessages, tangled, toAppended } from './known-messages.js'
import type { SessionSteps } from './session-steps.js'
import type { HotStatements } from '../statements/statements.js'

/**
 * Commits one change. One statement does it when all messages are new, as they nearly always are. Otherwise a
 * transaction that holds the session goes step by step.
 */
export class Committer {
  readonly #database: Database
  readonly #hot: HotStatements
  readonly #find: ColdStatements['find']
  readonly #steps: SessionSteps

  constructor(database: Database, hot: HotStatements, find: ColdStatements['find'], steps: SessionSteps) {
    this.#database = database
    this.#hot = hot
    this.#find = find
    this.#steps = steps
  }

  async commit(commit: Commit): Promise<Committed> {
    if (commit.repeats) return this.#stepByStep(commit)
    let row: Row | undefined
    try {
      ;[row] = await this.#atOnce(commit, (statement, values) =>
        this.#database.run(statement, values, commit.call),
      )
    } catch (error) {
      if (!isDuplicate(error)) throw error
      return this.#stepByStep(commit)
    }
    const { ref, change } = commit
    if (row === undefined || row[0] === 'gone') {
      if (change.revision === 0) return this.#stepByStep(commit)
      throw notFound()
    }
    const record = parseStoredRecord(ref, row[1])
    if (row[0] === 'done') return toCommitted(record, change.messages)
    checkIsMeant(record, change)
    // The statement refused what this record allows, so the session was changed while the statement waited for it.
    return this.#stepByStep(commit)
  }

  async #atOnce(commit: Commit, run: Run): Promise<Row[]> {
    const { change } = commit
    if (change.revision === 0) return run(this.#hot.create, toCreateValues(commit))
    if (isAppend(change)) {
      if (change.messages.length !== 1) return run(this.#hot.append, toAppendValues(commit))
      // Most commits have one message, and this statement need not unpack a list. If it has no effect, `append` says
      // why.
      const done = await run(this.#hot.appendOne, toAppendOneValues(commit))
      return done.length > 0 ? done : run(this.#hot.append, toAppendValues(commit))
    }
    return run(this.#hot.change, toChangeValues(commit))
  }

  async #stepByStep(commit: Commit): Promise<Committed> {
    // Another call may create or sweep the session between two steps, but not for ever.
    for (let tries = 1; tries <= 5; tries++) {
      const done = await this.#database
        .transaction(commit.call, (run) => this.#inSteps(commit, run))
        .catch((error: unknown) => {
          throw isDuplicate(error) ? tangled(error, commit) : error
        })
      if (done !== undefined) return done
    }
    throw new SessionError('unavailable', 'the session is too contended')
  }

  /** Undefined when another call made the session meanwhile. */
  async #inSteps(commit: Commit, run: Run): Promise<Committed | undefined> {
    const { ref, change, call } = commit
    const held = await holdSession(run, this.#steps, commit)
    const known =
      held === undefined
        ? new Map<string, KnownMessage>()
        : await findKnown(run, this.#find, commit, held.locked.key)
    const sorted = sortMessages(change.messages, known)
    const { fresh } = sorted
    const rest = toCommit(ref, { ...change, messages: fresh }, call.until)
    checkRoom(held?.record ?? { lastSeq: 0, bytes: 0 }, change, { count: fresh.length, bytes: rest.bytes })
    const [row] = await this.#atOnce({ ...rest, incarnation: commit.incarnation }, run)
    if (row?.[0] !== 'done') return undefined
    const record = parseStoredRecord(ref, row[1])
    return { record, messages: toAppended(change.messages, known, sorted, record) }
  }
}
