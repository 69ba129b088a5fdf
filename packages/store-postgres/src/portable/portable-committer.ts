import {
  checkRoom,
  type Committed,
  encodeText,
  notFound,
  parseStoredRecord,
  parseWhole,
  SessionError,
  type SessionRecord,
} from '@sessions/core/store'
import type { ColdStatements } from '../statements/cold-statements.js'
import { type Commit, roomOf, toCommit } from '../writing/commit.js'
import type { Database, Run } from '../connection/database.js'
import { isDuplicate } from '../connection/errors.js'
import { type HeldSession, holdSession } from '../writing/hold-session.js'
import {
  checkKey,
  findKnown,
  type KnownMessage,
  sortMessages,
  tangled,
  toAppended,
} from '../writing/known-messages.js'
import { toChangedRow, toMadeRow, toNewRow } from './changed-row.js'
import { type LockedRow, type RecordRow, toRecordText } from './locked-row.js'
import type { PortableStatements } from './portable-statements.js'
import type { PortableSteps } from './portable-steps.js'

/** A row after a commit, and the key of its session. */
interface WrittenRow {
  readonly key: string
  readonly row: RecordRow
}

/** Commits one change in one transaction: it holds the session, changes its row, and adds the messages. */
export class PortableCommitter {
  readonly #database: Database
  readonly #statements: PortableStatements
  readonly #cold: Pick<ColdStatements, 'find' | 'strangers'>
  readonly #steps: PortableSteps

  constructor(
    database: Database,
    statements: PortableStatements,
    cold: Pick<ColdStatements, 'find' | 'strangers'>,
    steps: PortableSteps,
  ) {
    this.#database = database
    this.#statements = statements
    this.#cold = cold
    this.#steps = steps
  }

  async commit(commit: Commit): Promise<Committed> {
    // Nearly all ids are new. So the store looks for them only when the database has one of them already.
    let looks = commit.repeats
    // Another call may create the session between two steps, but not for ever.
    for (let tries = 1; tries <= 5; tries++) {
      try {
        const done = await this.#database.transaction(commit.call, (run) => this.#once(commit, run, looks))
        if (done !== undefined) return done
      } catch (error) {
        if (!isDuplicate(error)) throw error
        if (looks) throw tangled(error, commit)
        looks = true
      }
    }
    throw new SessionError('unavailable', 'the session is too contended')
  }

  /** Undefined when another call made the session meanwhile. */
  async #once(commit: Commit, run: Run, looks: boolean): Promise<Committed | undefined> {
    const { ref, change, call } = commit
    const held = await holdSession(run, this.#steps, commit)
    // What is stored already needs no room.
    const mustLook = held !== undefined && (looks || !hasRoom(held.record, commit))
    const known = mustLook
      ? await findKnown(run, this.#cold.find, commit, held.locked.key)
      : new Map<string, KnownMessage>()
    const sorted = sortMessages(change.messages, known)
    const fresh = toCommit(ref, { ...change, messages: sorted.fresh }, call.until)
    const added = { count: sorted.fresh.length, bytes: fresh.bytes }
    checkRoom(held?.record ?? { lastSeq: 0, bytes: 0 }, change, added)
    const written =
      held === undefined
        ? await this.#create({ ...fresh, incarnation: commit.incarnation }, run)
        : await this.#change(fresh, held, run)
    if (written === undefined) return undefined
    const record = parseStoredRecord(ref, toRecordText(written.row))
    const first = record.lastSeq - added.count + 1
    await this.#steps.addMessages(
      run,
      { tenant: call.tenant, key: written.key },
      {
        seqs: fresh.messageIds.map((_, index) => first + index),
        ats: fresh.messageIds.map(() => record.updatedAt),
        ids: fresh.messageIds,
        payloads: fresh.payloads,
      },
    )
    return { record, messages: toAppended(change.messages, known, sorted, record) }
  }

  async #create(commit: Commit, run: Run): Promise<WrittenRow | undefined> {
    const { change, call, id, bytes } = commit
    const row = toNewRow(change, { count: commit.messageIds.length, bytes }, commit.incarnation!)
    const { statement, values } = this.#statements.create
    const body = encodeText(change.body ?? '')
    const [made] = await run(statement, values({ ...row, tenant: call.tenant, id, body }))
    if (made === undefined) return undefined
    const key = String(made[0])
    await checkKey(run, this.#cold.strangers, { tenant: call.tenant, key })
    return { key, row: toMadeRow(row, parseWhole(made[1], 'created_at')) }
  }

  async #change(commit: Commit, held: HeldSession<LockedRow>, run: Run): Promise<WrittenRow> {
    const { change, call, id, bytes } = commit
    const { locked, record } = held
    const row = toChangedRow(change, { count: commit.messageIds.length, bytes }, locked, record)
    const { statement, values } = this.#statements.change
    const body = change.body === undefined ? null : encodeText(change.body)
    const [changed] = await run(statement, values({ ...row, tenant: call.tenant, id, body }))
    // The deadline came while the first statement waited for the session.
    if (changed === undefined) throw notFound()
    const { expires_bucket: _, ...columns } = row
    return { key: locked.key, row: { ...locked.row, ...columns } }
  }
}

/** Whether the log has room for the commit if all its messages are new. */
function hasRoom({ lastSeq, bytes }: SessionRecord, commit: Commit): boolean {
  const count = commit.messageIds.length
  const { maxSeq, maxBytes } = roomOf(commit.change, count)
  return lastSeq + count <= maxSeq && bytes + commit.bytes <= maxBytes
}
