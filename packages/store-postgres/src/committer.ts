import {
  type AppendedMessage,
  checkIsMeant,
  checkRoom,
  type Committed,
  corrupt,
  isSessionError,
  messageConflict,
  type NewMessage,
  notFound,
  parseStoredRecord,
  parseText,
  parseWhole,
  SessionError,
} from '@sessions/core/store'
import type { ColdStatements } from './cold-statements.js'
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
import type { Database, Row, Run } from './database.js'
import { isDuplicate } from './errors.js'
import type { HotStatements } from './statements.js'

interface Known {
  seq: number
  at: number
  payload: string
}

/**
 * Commits one change. One statement does it when all messages are new, as they nearly always are. Otherwise a
 * transaction that holds the session goes step by step.
 */
export class Committer {
  readonly #database: Database
  readonly #hot: HotStatements
  readonly #cold: ColdStatements

  constructor(database: Database, hot: HotStatements, cold: ColdStatements) {
    this.#database = database
    this.#hot = hot
    this.#cold = cold
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
        .transaction(commit.call, (run) => this.#steps(commit, run))
        .catch((error: unknown) => {
          throw isDuplicate(error) ? tangled(error) : error
        })
      if (done !== undefined) return done
    }
    throw new SessionError('unavailable', 'the session is too contended')
  }

  /** Undefined when another call made the session meanwhile. */
  async #steps(commit: Commit, run: Run): Promise<Committed | undefined> {
    const { ref, change, call, id } = commit
    const lock = this.#cold.lock
    let [found] = await run(lock.statement, lock.values({ tenant: call.tenant, id }))
    if (found?.[0] === 'gone') {
      if (change.revision !== 0) throw notFound()
      await removeLocked(this.#cold, run, { tenant: call.tenant, id })
      found = undefined
    }
    if (found === undefined && change.revision !== 0) throw notFound()
    if (found !== undefined) checkIsMeant(parseStoredRecord(ref, found[1]), change)

    const known = found === undefined ? new Map<string, Known>() : await this.#known(commit, run, found)
    const { fresh, repeated } = sort(change.messages, known)
    const rest = toCommit(ref, { ...change, messages: fresh }, call.until)
    const log = found === undefined ? { lastSeq: 0, bytes: 0 } : parseStoredRecord(ref, found[1])
    checkRoom(log, change, { count: fresh.length, bytes: rest.bytes })
    const [row] = await this.#atOnce({ ...rest, incarnation: commit.incarnation }, run)
    if (row?.[0] !== 'done') return undefined
    const record = parseStoredRecord(ref, row[1])
    const stored = new Map<string, AppendedMessage>()
    for (const message of toCommitted(record, fresh).messages) stored.set(message.id, message)
    const messages = change.messages.map((message, index): AppendedMessage => {
      const { seq, at } = known.get(message.id) ?? stored.get(message.id)!
      return { id: message.id, seq, at, inserted: !repeated.has(index) }
    })
    return { record, messages }
  }

  async #known({ call, messageIds }: Commit, run: Run, found: Row): Promise<Map<string, Known>> {
    if (messageIds.length === 0) return new Map()
    const key = String(found[2])
    const { statement, values } = this.#cold.find
    const rows = await run(statement, values({ tenant: call.tenant, key, ids: messageIds }))
    return new Map(
      rows.map(([id, seq, at, payload]) => [
        parseText(id, 'id'),
        { seq: parseWhole(seq, 'seq', 1), at: parseWhole(at, 'at'), payload: parseText(payload, 'payload') },
      ]),
    )
  }
}

/** Which session to delete, and how many messages it may have at most. */
export interface Removal {
  readonly tenant: string
  readonly id: string
  readonly incarnation?: string | null
  readonly changes?: number | null
  readonly most?: number
}

/**
 * Deletes a session and its messages. Undefined when there is no session with so few messages; else whether it was
 * live.
 */
export async function removeLocked(
  { removeSession, removeMessages }: ColdStatements,
  run: Run,
  { tenant, id, incarnation = null, changes = null, most = Number.MAX_SAFE_INTEGER }: Removal,
): Promise<boolean | undefined> {
  const [row] = await run(
    removeSession.statement,
    removeSession.values({ tenant, id, incarnation, changes, most }),
  )
  if (row === undefined) return undefined
  // This is a statement of its own, so that it sees all messages that were appended before the session was locked.
  await run(removeMessages.statement, removeMessages.values({ tenant, key: String(row[0]) }))
  return row[1] === 'true'
}

/** Which messages are new, and which (by index) were stored before or stand earlier in the list. @throws `conflict` */
function sort(messages: readonly NewMessage[], known: ReadonlyMap<string, Known>) {
  const fresh = new Map<string, NewMessage>()
  const repeated = new Set<number>()
  messages.forEach((message, index) => {
    const before = known.get(message.id) ?? fresh.get(message.id)
    if (before === undefined) {
      fresh.set(message.id, message)
      return
    }
    if (before.payload !== message.payload) throw messageConflict(message.id)
    repeated.add(index)
  })
  return { fresh: [...fresh.values()], repeated }
}

// All ids are new and this transaction holds the session: only rows that no commit has made are in the way.
function tangled(error: unknown): SessionError {
  const cause = isSessionError(error) ? error.cause : error
  return corrupt('the log holds messages it should not', cause)
}
