import {
  type Committed,
  encodeText,
  isSessionError,
  parseStoredRecord,
  parseWhole,
  type SessionRecord,
} from '@sessions/core/store'
import type { Batch, Outcome } from '../coalescer.js'
import { type Commit, roomOf, toCommitted } from './commit.js'
import type { Database, Row } from '../connection/database.js'
import type { Statement } from '../connection/statement.js'

const maxCommits = 64
// The length of the text in a batch. Long texts gain nothing from company, and hold up the others.
const maxLength = 1024 * 1024

/** The place of a session, as one text. */
export function placeOf({ call, id }: Commit): string {
  return `${call.tenant.length}:${call.tenant}${id}`
}

/**
 * Commits that only append, and have no id twice, by session. The commits of one session must have the same terms and no
 * id in common.
 */
export class AppendBatch implements Batch<Commit> {
  readonly #bySession = new Map<string, { first: Commit; ids: Set<string> }>()
  readonly #oneTenant: boolean
  #tenant: string | undefined
  #count = 0
  #length = 0

  constructor({ oneTenant }: { oneTenant: boolean }) {
    this.#oneTenant = oneTenant
  }

  accepts(commit: Commit): boolean {
    const length = commit.payloads.reduce((sum, payload) => sum + payload.length, 0)
    if (this.#count > 0 && (this.#count === maxCommits || this.#length + length > maxLength)) return false
    if (this.#oneTenant && (this.#tenant ??= commit.call.tenant) !== commit.call.tenant) return false
    const place = placeOf(commit)
    const session = this.#bySession.get(place)
    if (session !== undefined) {
      const clash = commit.messageIds.some((id) => session.ids.has(id))
      if (clash || !sameTerms(session.first, commit)) return false
    }
    const { ids } = session ?? { ids: new Set<string>() }
    for (const id of commit.messageIds) ids.add(id)
    if (session === undefined) this.#bySession.set(place, { first: commit, ids })
    this.#count++
    this.#length += length
    return true
  }
}

/** Applies all the commits by one statement. A commit without an outcome had no effect, and is to be tried alone. */
export async function commitBatch(
  database: Database,
  statement: Statement,
  commits: readonly Commit[],
): Promise<Outcome<Committed>[]> {
  const sessions = group(commits)
  const [{ call }] = commits as [Commit]
  const until = Math.min(...commits.map((commit) => commit.call.until))
  let rows: Row[]
  try {
    rows = await database.run(statement, toValues(sessions), { ...call, until })
  } catch (error) {
    // One of the commits may be to blame for an error of the database, so each is tried alone.
    const allFail = isSessionError(error, 'unknown_outcome') || isSessionError(error, 'unavailable')
    return commits.map(() => (allFail ? { error } : undefined))
  }
  const outcomes = new Map<Commit, Outcome<Committed>>()
  for (const row of rows) {
    // The session of this row has its commits. A row that names no session fails the batch: no commit may be tried
    // again as if it had no effect.
    const members = sessions[parseWhole(row[0], 'n', 1, sessions.length) - 1]!
    for (const [member, outcome] of toOutcomes(members, row)) outcomes.set(member, outcome)
  }
  return commits.map((commit) => outcomes.get(commit))
}

function sameTerms(a: Commit, b: Commit): boolean {
  return (
    a.incarnation === b.incarnation &&
    a.change.ownedBy === b.change.ownedBy &&
    a.change.idleMs === b.change.idleMs &&
    a.change.absoluteMs === b.change.absoluteMs &&
    a.change.maxSeq === b.change.maxSeq &&
    a.change.maxBytes === b.change.maxBytes
  )
}

function bytesOf(commits: readonly Commit[]): number {
  return commits.reduce((sum, { bytes }) => sum + bytes, 0)
}

function group(commits: readonly Commit[]): Commit[][] {
  const sessions = new Map<string, Commit[]>()
  for (const commit of commits) {
    const place = placeOf(commit)
    const members = sessions.get(place)
    if (members === undefined) sessions.set(place, [commit])
    else members.push(commit)
  }
  return [...sessions.values()]
}

function toValues(sessions: readonly Commit[][]) {
  const firsts = sessions.map(([first]) => first!)
  const messages = sessions.map((members) => ({
    ids: members.flatMap(({ messageIds }) => messageIds),
    payloads: members.flatMap(({ payloads }) => payloads),
  }))
  const rooms = messages.map(({ ids }, index) => roomOf(firsts[index]!.change, ids.length))
  return [
    firsts.map(({ call }) => call.tenant),
    firsts.map(({ id }) => id),
    firsts.map(({ incarnation }) => incarnation),
    firsts.map(({ change }) => change.idleMs ?? null),
    firsts.map(({ change }) => change.absoluteMs ?? null),
    messages.map(({ ids }) => ids.length),
    firsts.map(({ change: { ownedBy } }) => (ownedBy === undefined ? null : encodeText(ownedBy))),
    sessions.map(({ length }) => length),
    sessions.map(bytesOf),
    rooms.map(({ maxSeq }) => maxSeq),
    rooms.map(({ maxBytes }) => maxBytes),
    messages.flatMap(({ ids }, index) => ids.map(() => index + 1)),
    messages.flatMap(({ ids }) => ids.map((_, index) => index + 1)),
    messages.flatMap(({ ids }) => ids),
    messages.flatMap(({ payloads }) => payloads),
  ]
}

// The outcomes are those of commits that are applied one after the other, at the same moment.
function* toOutcomes(members: readonly Commit[], row: Row): Generator<[Commit, Outcome<Committed>]> {
  let record: SessionRecord
  try {
    record = parseStoredRecord(members[0]!.ref, row[1])
  } catch (error) {
    for (const member of members) yield [member, { error }]
    return
  }
  let lastSeq = record.lastSeq - members.reduce((sum, { messageIds }) => sum + messageIds.length, 0)
  let changes = record.changes - members.length
  let bytes = record.bytes - bytesOf(members)
  for (const member of members) {
    lastSeq += member.messageIds.length
    changes++
    bytes += member.bytes
    yield [member, { value: toCommitted({ ...record, lastSeq, changes, bytes }, member.change.messages) }]
  }
}
